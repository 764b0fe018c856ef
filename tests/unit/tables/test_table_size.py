import gzip
import json

import boto3
import pytest
from moto import mock_aws

from cartlake.aws import clients
from cartlake.tables.table_size import TableSize, table_bytes, table_size


@pytest.fixture
def table(monkeypatch):
    """Make a table whose metadata file is the given object; None makes a table that names no metadata file."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        clients.client.cache_clear()
        s3, glue = boto3.client("s3"), boto3.client("glue")
        s3.create_bucket(Bucket="lake")
        glue.create_database(DatabaseInput={"Name": "processed"})

        def make(content, key="things/metadata/1.metadata.json", *, written=True):
            body = content if isinstance(content, bytes) else json.dumps(content).encode()
            if written:
                s3.put_object(Bucket="lake", Key=key, Body=body)
            parameters = {} if content is None else {"metadata_location": f"s3://lake/{key}"}
            glue.create_table(DatabaseName="processed", TableInput={"Name": "things", "Parameters": parameters})

        yield make
    clients.client.cache_clear()


def metadata(current, **totals):
    summaries = [{"snapshot-id": 1, "summary": {"total-files-size": "5"}}, {"snapshot-id": 2, "summary": totals}]
    return {"current-snapshot-id": current, "snapshots": summaries}


def test_the_size_is_that_of_the_current_snapshot(table):
    table(metadata(2, **{"total-files-size": "1234", "total-records": "56"}))

    assert table_size("processed", "things") == TableSize(bytes=1234, rows=56)
    assert table_bytes("processed", "things") == 1234


def test_compressed_metadata_is_read_too(table):
    content = gzip.compress(json.dumps(metadata(2, **{"total-files-size": "1234"})).encode())
    table(content, "things/metadata/1.gz.metadata.json")

    assert table_bytes("processed", "things") == 1234


@pytest.mark.parametrize("current", [None, -1])
def test_a_table_without_rows_has_no_bytes(table, current):
    table(metadata(current))

    assert table_bytes("processed", "things") == 0


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(metadata(2), id="a writer that counted no bytes"),
        pytest.param(metadata(3), id="a snapshot that is not there"),
        pytest.param(b'{"current-snapshot-id": 1, "sn', id="metadata cut short"),
        pytest.param(None, id="no metadata file named"),
    ],
)
def test_what_cannot_be_said_is_not_guessed(table, content):
    table(content)

    assert table_bytes("processed", "things") is None


def test_a_table_or_a_metadata_file_that_is_missing_has_no_size(table):
    assert table_bytes("processed", "things") is None

    table(metadata(2), written=False)

    assert table_bytes("processed", "things") is None
