"""The Iceberg REST catalog of Glue: a DuckDB that is attached to it reads what was committed last, and nothing else."""

import json
import urllib.request
from importlib.util import find_spec
from pathlib import Path

import duckdb
import pytest

pytestmark = pytest.mark.integration


def load(connection, *names):
    for name in names:
        [folder] = find_spec(f"duckdb_extension_{name}").submodule_search_locations
        [file] = Path(folder).glob(f"extensions/v{duckdb.__version__}/*.duckdb_extension")
        connection.execute(f"load '{file}'")


@pytest.fixture
def attached(lake, localaws):
    with duckdb.connect(config={"allow_unsigned_extensions": "true"}) as connection:
        load(connection, "httpfs", "avro", "iceberg")
        connection.execute(
            f"attach 'lake' (type iceberg, endpoint '{localaws.endpoint}/iceberg', authorization_type 'none')"
        )
        yield connection


def pointer(glue, database):
    """The metadata file of the version of `orders` that was committed last."""
    return glue.get_table(DatabaseName=database, Name="orders")["Table"]["Parameters"]["metadata_location"]


def test_an_open_connection_reads_what_was_written_since(orders, attached):
    table = f"lake.{orders.database}.orders"
    counts = [attached.execute(f"select count(*) from {table}").fetchone()[0]]
    for number in range(4, 8):
        orders.run(f"INSERT INTO orders (id) VALUES ({number})")
        counts.append(attached.execute(f"select count(*) from {table}").fetchone()[0])
    orders.run("DELETE FROM orders WHERE id = 1")
    counts.append(attached.execute(f"select count(*) from {table}").fetchone()[0])

    assert counts == [3, 4, 5, 6, 7, 6]


def test_metadata_that_was_never_committed_is_not_read(orders, attached, localaws):
    s3, glue = localaws.client("s3"), localaws.client("glue")
    bucket, _, key = pointer(glue, orders.database).removeprefix("s3://").partition("/")
    metadata = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    metadata |= {"current-snapshot-id": -1, "snapshots": [], "refs": {}, "snapshot-log": []}
    folder = key.rpartition("/")[0]
    s3.put_object(Bucket=bucket, Key=f"{folder}/99999-lost.metadata.json", Body=json.dumps(metadata))

    assert attached.execute(f"select count(*) from lake.{orders.database}.orders").fetchone() == (3,)


def test_what_duckdb_writes_itself_is_read_by_it_and_by_athena(orders, attached):
    table = f"lake.{orders.database}.orders"
    orders.run("DELETE FROM orders WHERE id > 1")
    for number in (7, 8):
        attached.execute(f"insert into {table} (id) values ({number})")
    attached.execute(f"delete from {table} where id = 1")
    attached.execute(f"update {table} set amount = 2 where id = 7")

    assert attached.execute(f"select id, amount from {table} order by id").fetchall() == [(7, 2), (8, None)]
    assert orders.rows("SELECT id, amount FROM orders ORDER BY id") == [("7", "2.00"), ("8", None)]


def test_a_snapshot_of_a_branch_is_not_current(orders, attached, localaws):
    s3, glue = localaws.client("s3"), localaws.client("glue")
    bucket, _, key = pointer(glue, orders.database).removeprefix("s3://").partition("/")
    metadata = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    [newest] = [one for one in metadata["snapshots"] if one["snapshot-id"] == metadata["current-snapshot-id"]]
    branch = {**newest, "snapshot-id": 7, "parent-snapshot-id": newest["snapshot-id"]}
    branch["sequence-number"] = metadata["last-sequence-number"] + 1
    updates = [
        {"action": "add-snapshot", "snapshot": branch},
        {"action": "set-snapshot-ref", "ref-name": "audit", "type": "branch", "snapshot-id": 7},
    ]

    url = f"{localaws.endpoint}/iceberg/v1/catalogs/lake/namespaces/{orders.database}/tables/orders"
    body = json.dumps({"requirements": [], "updates": updates}).encode()
    with urllib.request.urlopen(urllib.request.Request(url, body, method="POST"), timeout=30) as answer:
        committed = json.load(answer)

    assert committed["metadata-location"] == pointer(glue, orders.database)
    assert committed["metadata-location"].startswith(f"s3://{bucket}/{key.rpartition('/')[0]}/")
    assert committed["metadata"]["refs"]["audit"]["snapshot-id"] == 7
    assert committed["metadata"]["current-snapshot-id"] == newest["snapshot-id"]
    assert committed["metadata"]["snapshot-log"] == metadata["snapshot-log"]
