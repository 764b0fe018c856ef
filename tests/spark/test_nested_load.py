"""Nested columns loaded by Spark and by the light engine: the same table and the same quarantine, also once evolved."""

import shutil
from collections import Counter
from pathlib import Path

import pytest

from cartlake import contracts
from cartlake.tables.catalog import load_catalog
from cartlake_cli.migrations.migrate import apply
from cartlake_cli.migrations.placement import Placement
from glue_jobs.engines.duckdb.engine import duckdb_engine
from tests.spark import light_loading
from tests.spark.nested import CONTRACT, csv_file, json_lines, parquet_file

pytestmark = pytest.mark.spark

OF_RUNS = {"_ingested_at", "quarantined_at"}
COLOURED = b'{"basket_id": "red", "updated_at": "2026-03-01T10:00:00Z", "items": [{"sku": "a", "colour": "red"}]}'


def use_contracts(folder, monkeypatch, *replaced):
    """Use contracts of quarantine and of baskets, whose text is changed."""
    monkeypatch.delenv("CARTLAKE_CONTRACTS_DIR", raising=False)
    folder.mkdir()
    shutil.copy(Path(contracts.load("ops").source), folder)
    text = CONTRACT.read_text()
    for old, new in replaced:
        assert old in text
        text = text.replace(old, new)
    (folder / CONTRACT.name).write_text(text)
    monkeypatch.setenv("CARTLAKE_CONTRACTS_DIR", str(folder))


def state(lake):
    """What readers find in the table and in quarantine, as text."""
    with duckdb_engine("read") as engine:
        names = (lake.table, "ops.quarantine_rows")
        found = [engine.collect(engine.read_table(f"lake.{lake.prefix}{name}")) for name in names]
    return [Counter(str({k: v for k, v in sorted(row.items()) if k not in OF_RUNS}) for row in rows) for rows in found]


def drop_all(lake, seed):
    header = csv_file(0).splitlines()[0].decode().split(",")
    lake.drop(f"{seed}.jsonl", json_lines(seed), kind="jsonl", header=[])
    lake.drop(f"{seed}.csv", csv_file(seed + 1), header=header, line_is_record=False)
    lake.drop(f"{seed}.parquet", parquet_file(seed + 2), kind="parquet", header=header[:5])
    report, _ = lake.run()
    return report.rows, report.row_rules


@pytest.fixture
def lakes(shared_lake, tmp_path, monkeypatch):
    """Lakes of baskets by their engine; their queries are compiled when they are needed."""
    monkeypatch.setattr(light_loading, "use_compiled_queries", lambda: None)
    use_contracts(tmp_path / "first", monkeypatch, ("value: refuse", "value: keep"))
    return [shared_lake(engine, "baskets") for engine in ("light", "spark")]


def test_both_engines_make_the_same_table_and_the_same_quarantine(lakes, tmp_path, monkeypatch):
    said = [[drop_all(lake, 1), drop_all(lake, 11)] for lake in lakes]

    assert said[0] == said[1]
    light, spark = map(state, lakes)
    assert light == spark
    assert min(len(rows) for rows in light) > 60

    colour = "            - name: colour\n              logicalType: string\n              physicalType: string\n"
    use_contracts(
        tmp_path / "second",
        monkeypatch,
        ("value: refuse", "value: keep"),
        ("version: 1.0.0", "version: 1.1.0"),
        ("array<struct<sku:string,price:decimal(12,2),quantity:int,tags:array<string>>>", "array"),
        ("            - name: quantity\n", f"{colour}            - name: quantity\n"),
    )
    for lake in lakes:
        databases = {name: lake.prefix + name for name in ("processed", "ops")}
        apply(load_catalog(), [contracts.load("baskets")], Placement(databases, {}))
        lake.drop("colour.jsonl", COLOURED, kind="jsonl", header=[])
    assert drop_all(lakes[0], 21) == drop_all(lakes[1], 21)
    light, spark = map(state, lakes)
    assert light == spark
    assert sum("'colour': 'red'" in row for row in light[0]) == 1
