"""A table of the embedded AWS whose metadata file is gone or cut: Athena says so, a repair brings its rows back."""

import pytest

from cartlake.aws import clients as aws
from cartlake.tables.catalog import load_catalog
from cartlake_cli.migrations.repair import BrokenTable

pytestmark = pytest.mark.integration


@pytest.fixture
def catalog(localaws, monkeypatch):
    for name, value in localaws.env.items():
        monkeypatch.setenv(name, value)
    aws.client.cache_clear()
    yield load_catalog()
    aws.client.cache_clear()


def metadata_file(lake):
    return lake.glue.get_table(DatabaseName=lake.database, Name="t")["Table"]["Parameters"]["metadata_location"]


def key_of(lake, uri):
    return uri.removeprefix(f"s3://{lake.bucket}/")


def remove(lake):
    lake.s3.delete_object(Bucket=lake.bucket, Key=key_of(lake, metadata_file(lake)))


def cut(lake):
    key = key_of(lake, metadata_file(lake))
    whole = lake.s3.get_object(Bucket=lake.bucket, Key=key)["Body"].read()
    lake.put(key, whole[: len(whole) // 2].decode())


BREAKS = [
    pytest.param(remove, "ICEBERG_MISSING_METADATA: Metadata not found in metadata location for table", id="removed"),
    pytest.param(cut, "ICEBERG_INVALID_METADATA: Invalid metadata file for table", id="cut"),
]
STATEMENTS = ["SELECT * FROM t", "INSERT INTO t VALUES (9)", "ALTER TABLE t ADD COLUMNS (more string)"]


@pytest.mark.parametrize("statement", STATEMENTS)
@pytest.mark.parametrize(("break_it", "words"), BREAKS)
def test_athena_names_table_file_and_next_step(lake, break_it, words, statement):
    lake.create("t", "id bigint")
    lake.run("INSERT INTO t VALUES (1)")
    uri = metadata_file(lake)
    break_it(lake)

    said = lake.failure(statement)

    assert said.startswith(f"{words} {lake.database}.t: {uri}")
    assert said.endswith("Restore the object, or point the table to its last intact metadata file.")


@pytest.mark.parametrize(("break_it", "words"), BREAKS)
def test_a_repaired_table_has_its_last_good_rows_and_is_written_again(lake, catalog, break_it, words):
    lake.create("t", "id bigint")
    lake.run("INSERT INTO t VALUES (1), (2)")
    good = lake.rows("SELECT id FROM t ORDER BY id")
    lake.run("INSERT INTO t VALUES (3)")
    break_it(lake)
    broken = BrokenTable(catalog, lake.database, "t")

    repair = broken.find()
    broken.make(repair)

    assert (repair.commits_lost, [one.added_rows for one in repair.snapshots_lost]) == (1, [1])
    assert lake.rows("SELECT id FROM t ORDER BY id") == good == [("1",), ("2",)]
    lake.run("INSERT INTO t VALUES (4)")
    assert lake.rows("SELECT id FROM t ORDER BY id") == [("1",), ("2",), ("4",)]
    assert BrokenTable(catalog, lake.database, "t").find() is None


def test_a_table_of_which_glue_names_no_file_says_so(lake):
    lake.create("t", "id bigint")
    entry = lake.glue.get_table(DatabaseName=lake.database, Name="t")["Table"]
    kept = {key: entry[key] for key in ("Name", "TableType", "StorageDescriptor")}
    parameters = {key: value for key, value in entry["Parameters"].items() if key != "metadata_location"}
    lake.glue.update_table(DatabaseName=lake.database, TableInput=kept | {"Parameters": parameters})

    for statement in STATEMENTS:
        said = lake.failure(statement)
        assert said.startswith(f"ICEBERG_MISSING_METADATA: Glue names no metadata file for table {lake.database}.t.")
