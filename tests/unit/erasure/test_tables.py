"""Iceberg tables without one person's rows: no file of the table's folder has a trace of them."""

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import MonthTransform
from pyiceberg.types import NestedField, StringType, TimestamptzType

from cartlake.aws.clients import client
from cartlake.contracts import Maintenance
from cartlake.tables.catalog import load_catalog
from cartlake.tables.file_stats_reader import file_stats_of
from cartlake.tables.manifests import PATH_ID
from cartlake_cli.erasure import tables
from cartlake_cli.erasure.decoding import texts_of
from cartlake_cli.erasure.people import named_rows
from cartlake_cli.erasure.subject import Subject, bound_of
from glue_jobs.engines.duckdb.iceberg.commits import Change, commit

SUBJECT = Subject(frozenset({"CUS-0004242"}))
MARKERS = bound_of(["CUS-0004242", "Plantedmarker"])
SCHEMA = Schema(
    NestedField(1, "customer_id", StringType()),
    NestedField(2, "name", StringType()),
    NestedField(3, "at", TimestamptzType()),
)
SPEC = PartitionSpec(PartitionField(3, 1000, MonthTransform(), "month"))


@pytest.fixture
def folder(aws_lake, tmp_path):
    return tmp_path / "orders"


@pytest.fixture
def aws_lake(monkeypatch):
    from moto import mock_aws

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    client.cache_clear()
    with mock_aws():
        load_catalog().create_namespace("processed")
        yield
    client.cache_clear()


@pytest.fixture
def table(folder, monkeypatch):
    def swept(table):
        needed = {Path(path.removeprefix("file://")) for path in tables.needed_files(table)}
        for path in folder.rglob("*"):
            if path.is_file() and path not in needed:
                path.unlink()

    monkeypatch.setattr(tables, "sweep", swept)
    return load_catalog().create_table(("processed", "orders"), SCHEMA, f"file://{folder}", SPEC)


def row(customer, month, name="somebody"):
    return {"customer_id": customer, "name": name, "at": datetime(2026, month, 1, tzinfo=UTC)}


def append(table, *rows):
    table.append(pa.Table.from_pylist(list(rows), schema=SCHEMA.as_arrow()))


def eraser(table):
    return tables.TableEraser(table, ["customer_id"], named_rows(SUBJECT, ["customer_id"]), "erasure-1")


def traces(folder):
    return sorted(
        path.name
        for path in folder.rglob("*")
        if path.is_file() and any(MARKERS.search(text) for text in texts_of(BytesIO(path.read_bytes())))
    )


def delete(table, *places):
    """Delete rows, given by data file and position, by one file of position deletes."""
    rows = sorted((file.file_path, position) for file, position in places)
    path = f"{table.location()}/data/{uuid4()}.parquet"
    paths, positions = zip(*rows, strict=True)
    with table.io.new_output(path).create() as stream:
        pq.write_table(pa.table({"file_path": paths, "pos": positions}), stream)
    deletes = DataFile.from_args(
        content=DataFileContent.POSITION_DELETES,
        file_path=path,
        file_format=FileFormat.PARQUET,
        partition=places[0][0].partition,
        record_count=len(rows),
        file_size_in_bytes=len(table.io.new_input(path)),
        lower_bounds={PATH_ID: paths[0].encode()},
        upper_bounds={PATH_ID: paths[-1].encode()},
    )
    deletes.spec_id = places[0][0].spec_id
    commit(table, Change(deletes=[deletes]), "run-1")
    table.refresh()


def files_with(table, name):
    tasks = table.scan(row_filter=f"name = '{name}'").plan_files()
    return next(task.file for task in tasks if name in pq.read_table(task.file.file_path)["name"].to_pylist())


def names(table):
    return sorted(table.refresh().scan().to_arrow().column("name").to_pylist())


def test_no_file_of_the_table_has_a_trace_of_the_person(table, folder):
    append(table, row("CUS-0000001", 1, "a"), row("CUS-0004242", 1, "Plantedmarker"))
    append(table, row("CUS-0004242 ", 2, "Plantedmarker"), row(None, 2, "b"))
    append(table, row("CUS-0004242", 3, "Plantedmarker"))
    append(table, row("CUS-0000002", 3, "c"))
    untouched = {file.file_path for file in tables._live(table, table.current_snapshot().snapshot_id)}
    table.delete("customer_id = 'CUS-0000002'")  # leaves manifests that list a file which left
    append(table, row("CUS-0000003", 3, "d"))
    assert len(traces(folder)) > 3

    assert eraser(table).count().as_dict() == {"rows": 3, "files": 3}
    eraser(table).erase()

    assert traces(folder) == []
    assert names(table) == ["a", "b", "d"]
    assert len(table.metadata.snapshots) == 1
    assert eraser(table).count().as_dict() == {"rows": 0, "files": 0}
    months = table.scan(row_filter="at >= '2026-02-01T00:00:00+00:00' and at < '2026-03-01T00:00:00+00:00'")
    assert [task.file.record_count for task in months.plan_files()] == [1]  # partitions are those of before
    assert untouched - {file.file_path for file in tables._live(table, table.current_snapshot().snapshot_id)}
    append(table, row("CUS-0000004", 4, "e"))
    table.delete("name = 'a'")
    assert names(table) == ["b", "d", "e"]


def test_rows_that_only_older_versions_have_are_removed_too(table, folder):
    append(table, row("CUS-0004242", 1, "Plantedmarker"), row("CUS-0000001", 1, "a"))
    table.delete("customer_id = 'CUS-0004242'")
    assert eraser(table).count().as_dict() == {"rows": 0, "files": 1}
    eraser(table).erase()
    assert (traces(folder), names(table)) == ([], ["a"])


def test_deletes_of_files_that_stay_are_kept_and_all_others_leave(table, folder):
    append(table, row("CUS-0000001", 1, "a"), row("CUS-0004242", 1, "Plantedmarker"), row("CUS-0000002", 1, "b"))
    append(table, row("CUS-0000003", 1, "c"), row("CUS-0000004", 1, "d"))
    append(table, row("CUS-0004242", 2, "Plantedmarker"), row("CUS-0000005", 2, "e"), row("CUS-0000006", 2, "f"))
    january, stays, february = (files_with(table, name) for name in "ace")
    delete(table, (january, 0), (stays, 1))
    delete(table, (february, 1))
    delete(table, (stays, 1))
    assert names(table) == sorted(["Plantedmarker"] * 2 + ["b", "c", "f"])
    before = file_stats_of(table, Maintenance())
    assert (before.delete_files, before.deleted_rows) == (3, 4)

    eraser(table).erase()

    assert (traces(folder), names(table)) == ([], ["b", "c", "f"])
    after = file_stats_of(table.refresh(), Maintenance())
    assert (after.delete_files, after.deleted_rows) == (2, 2)
    [february] = [task for task in table.scan().plan_files() if task.file.partition == february.partition]
    assert february.delete_files == set()
    summary = table.current_snapshot().summary
    assert (summary["removed-position-deletes"], summary["added-position-deletes"]) == ("3", "1")
    assert summary["total-position-deletes"] == "2"


def test_branches_and_tags_do_not_keep_the_person(table, folder):
    append(table, row("CUS-0004242", 1, "Plantedmarker"), row("CUS-0000001", 1, "a"))
    snapshot = table.current_snapshot().snapshot_id
    with table.manage_snapshots() as manage:
        manage.create_tag(snapshot, "kept").create_branch(snapshot, "audit_x").create_branch(snapshot, "deleted_keys")
    eraser(table).erase()
    assert traces(folder) == []
    assert sorted(table.metadata.refs) == ["deleted_keys", "main"]
    branch = table.metadata.refs["deleted_keys"].snapshot_id
    assert table.scan(snapshot_id=branch).to_arrow().column("name").to_pylist() == ["a"]


@pytest.mark.parametrize("step", ["_drop_refs", "_rewrite", "_expire", "sweep"])
def test_an_erasure_that_was_interrupted_is_finished_by_the_next(table, folder, step, monkeypatch):
    append(table, row("CUS-0004242", 1, "Plantedmarker"), row("CUS-0000001", 1, "a"))

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(tables if step == "sweep" else tables.TableEraser, step, killed)
        with pytest.raises(KeyboardInterrupt):
            eraser(table).erase()
    eraser(table.refresh()).erase()
    assert (traces(folder), names(table)) == ([], ["a"])


def test_a_table_without_rows_is_left_alone(table):
    eraser(table).erase()
    assert table.refresh().metadata.snapshots == []
