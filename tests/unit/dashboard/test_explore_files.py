"""The files of Explore: which marts have one, what is in it, and that no column about people is."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import duckdb
import pytest

from cartlake import contracts
from cartlake.contracts import Column
from glue_jobs.engines.duckdb.session import Session, prepare
from lambdas.tile_writer import explore
from lambdas.tile_writer.domain import Source, shown_columns
from lambdas.tile_writer.explore import ExploreIndex, export

TABLES = {table.physical_name: table for contract in contracts.load_all() for table in contract.tables}
EXPORTED = {"cohort_retention", "conversion_funnel", "dim_product", "product_performance", "sales_daily"}
NOW = datetime(2026, 1, 2, 3, 4, 5, 678901)  # noqa: DTZ001 - as the files have times


class Folder:
    """Where files are stored, and which were."""

    def __init__(self, path):
        self.path, self.stored = path, []

    def upload(self, name, path):
        self.stored.append(name)
        (self.path / name).write_bytes(path.read_bytes())

    def rows(self, name):
        return duckdb.sql(f"from read_parquet('{self.path / name}')").fetchall()


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path)


def written(source, folder, before=None, tables=TABLES):
    files, left_out = export(source.session, tables.values(), source.sources, before, folder.upload)
    return {one.table: one for one in files}, {one.table: one.why for one in left_out}


def index_of(files):
    return ExploreIndex(
        format=explore.FORMAT, run_id="run", written_at="now", tables=tuple(files.values()), left_out=()
    )


def test_each_mart_has_a_file_with_its_rows(source, folder):
    files, _ = written(source, folder)

    assert set(folder.stored) == {f"{name}.parquet" for name in EXPORTED}
    for name, file in files.items():
        names = [column.name for column in file.columns]
        assert sorted(map(str, folder.rows(file.file))) == sorted(
            map(str, source.session.rows(f"select {zoneless(source, names, name)} from {name}"))
        )
        assert file.rows == len(folder.rows(file.file)) > 0
        assert file.bytes == (folder.path / file.file).stat().st_size
        assert file.snapshot_id == source.sources[name].snapshot_id
        assert all(column.about for column in file.columns)


def zoneless(source, names, table):
    zoned = {name for name, kind in source.session.columns(table) if kind == "TIMESTAMP WITH TIME ZONE"}
    return ", ".join(f"{name}::timestamp" if name in zoned else name for name in names)


def test_no_file_has_a_column_that_a_contract_classifies(source, folder):
    files, left_out = written(source, folder)

    for name, file in files.items():
        stored = [row[0] for row in duckdb.sql(f"describe from '{folder.path / file.file}'").fetchall()]
        assert stored == [column.name for column in file.columns] == shown_columns(TABLES[name])
    about_people = {name: why for name, why in left_out.items() if "about one person" in why}
    assert set(about_people) == {
        name
        for name, table in TABLES.items()
        if table.database == "curated" and set(table.primary_key) - set(shown_columns(table))
    }
    assert about_people["curated.customer_ltv"].endswith("golden_customer_id is part of its key.")


def test_other_databases_have_no_files(source, folder):
    files, left_out = written(source, folder)

    assert {name.partition(".")[0] for name in files | left_out} == {"curated"}


def test_a_file_names_the_version_of_its_table(source, folder):
    files, _ = written(source, folder)

    said = duckdb.sql(f"select key, value from parquet_kv_metadata('{folder.path}/sales_daily.parquet')").fetchall()

    assert said == [(b"snapshot_id", files["curated.sales_daily"].snapshot_id.encode())]


def test_a_table_of_the_same_version_is_not_written_again(source, folder):
    first, _ = written(source, folder)
    folder.stored.clear()

    again, _ = written(source, folder, index_of(first))
    assert (again, folder.stored) == (first, [])

    older = {**first, "curated.sales_daily": first["curated.sales_daily"].model_copy(update={"snapshot_id": "7"})}
    written(source, folder, index_of(older))
    assert folder.stored == ["sales_daily.parquet"]
    other_code = index_of(first).model_copy(update={"format": explore.FORMAT - 1})
    written(source, folder, other_code)
    assert len(folder.stored) == 1 + len(EXPORTED)


@pytest.mark.parametrize(
    ("limit", "value", "why"),
    [
        ("MAX_ROWS", 999, "It has 1,000 rows, more than the 999 that a browser gets: ask Athena."),
        ("MAX_BYTES", 1000, r"Its file has 0 MB, more than the 0 that a browser gets: ask Athena."),
    ],
)
def test_a_mart_that_is_too_large_is_left_out_by_name(source, folder, monkeypatch, limit, value, why):
    monkeypatch.setattr(explore, limit, value)

    files, left_out = written(source, folder)

    assert (files, folder.stored) == ({}, [])
    assert left_out["curated.sales_daily"] == why
    assert not list(source.session.folder.glob("*.parquet"))


def test_a_mart_that_was_never_written_is_left_out(source, folder):
    _, left_out = written(source, folder)

    assert left_out["curated.fct_orders"] == "It was never written."


VALUES = {
    "flag": ("boolean", "true", "BOOLEAN", True),
    "small": ("smallint", "-7", "SMALLINT", -7),
    "number": ("bigint", "9007199254740993", "BIGINT", 9007199254740993),
    "amount": ("decimal(18,2)", "-12345678901234.56", "DECIMAL(18,2)", Decimal("-12345678901234.56")),
    "wide": ("decimal(38,10)", "1234567890123456789.0123456789", "DECIMAL(38,10)",
             Decimal("1234567890123456789.0123456789")),
    "share": ("double", "0.1", "DOUBLE", 0.1),
    "day": ("date", "'2026-01-02'", "DATE", date(2026, 1, 2)),
    "moment": ("timestamptz", "'2026-01-02 04:04:05.678901+01'", "TIMESTAMP", NOW),
    "local": ("timestamp", "'2026-01-02 03:04:05.678901'", "TIMESTAMP", NOW),
    "name": ("varchar", "'it''s \N{GRINNING FACE}'", "VARCHAR", "it's \N{GRINNING FACE}"),
    "nothing": ("varchar", "null", "VARCHAR", None),
    "tags": ("varchar[]", "['a', 'b, \"c\"']", "VARCHAR[]", "[a, 'b, \"c\"']"),
    "parts": ("struct(moment timestamptz, n int)", "{moment: '2026-01-02 03:04:05+00', n: 1}",
              "STRUCT(moment TIMESTAMP, n INTEGER)",
              "{'moment': '2026-01-02 03:04:05', 'n': 1}"),
    "blob": ("uuid", "'00000000-0000-0000-0000-000000000001'", "VARCHAR", "00000000-0000-0000-0000-000000000001"),
}  # fmt: skip


def test_every_type_is_stored_exactly_and_nested_ones_as_texts_that_cast_back(tmp_path, folder):
    columns = tuple(
        Column(name, "string", required=False, primary_key=False, description=f"The {name}.", classification=None,
               tags=(), examples=())
        for name in VALUES
    )  # fmt: skip
    table = replace(TABLES["curated.sales_daily"], columns=columns, primary_key=("number",))
    with duckdb.connect() as connection:
        prepare(connection)
        session = Session(connection, tmp_path)
        values = ", ".join(f"cast({value} as {kind}) as {name}" for name, (kind, value, *_) in VALUES.items())
        connection.execute(f"create schema curated; create view curated.sales_daily as select {values}")
        (tmp_path / "bucket").mkdir()
        folder.path = tmp_path / "bucket"
        [file], _ = export(
            session, [table], {"curated.sales_daily": Source("curated.sales_daily", "1", "7")}, None, folder.upload
        )
        nested = connection.execute(
            f"select cast(tags as varchar[]) = ['a', 'b, \"c\"'] from '{folder.path}/{file.file}'"
        ).fetchone()

    assert {column.name: column.type for column in file.columns} == {
        name: kind for name, (_, _, kind, _) in VALUES.items()
    }
    assert folder.rows(file.file) == [tuple(value for *_, value in VALUES.values())]
    assert nested == (True,)
