"""The same rows as CSV, JSON lines and Parquet: the light engine reads the same values and gives the same reasons."""

import hashlib
from collections import Counter

import boto3
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from moto import mock_aws

from cartlake import contracts
from cartlake.aws.clients import client
from cartlake.runs.documents import FileFormat, ManifestFile
from lambdas.file_validator.content.line_records import LineRecords
from tests.spark.both_readers import judged_by_duckdb
from tests.spark.same_rows import as_csv, as_json_lines, as_parquet, rows_of

pytestmark = pytest.mark.integration

CONTRACTS = ["vendors", "products", "fx_rates", "reviews"]
OF_FILE = {"_source_file", "_raw"}


@pytest.fixture(scope="module", autouse=True)
def raw_bucket():
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "test")
        client.cache_clear()
        boto3.client("s3").create_bucket(Bucket="raw")
        yield
    client.cache_clear()


def dropped(name, content, **layout):
    client("s3").put_object(Bucket="raw", Key=name, Body=content)
    return ManifestFile(
        file_id=hashlib.sha256(name.encode()).hexdigest()[:32],
        uri=f"s3://raw/{name}",
        version_id=None,
        etag="",
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        format=FileFormat(**layout),
    )


def by_file(contract, rows):
    """Judged rows and rows of quarantine of each of three files."""
    header, csv = list(rows[0]), as_csv(rows)
    lines = LineRecords(",", '"')
    lines.feed(csv)
    files = [
        dropped("a.csv", csv, kind="csv", header=header, line_is_record=lines.finish()),
        dropped("a.jsonl", as_json_lines(rows), kind="jsonl"),
        dropped("a.parquet", as_parquet(rows), kind="parquet", header=header),
    ]
    judged, refused = judged_by_duckdb(contract, files)
    for file in files:
        mine = (row for row in judged if row["_source_file"] == file.uri)
        bad = (row for row in refused if row["source_file"] == file.uri)
        yield (
            Counter(str({name: value for name, value in row.items() if name not in OF_FILE}) for row in mine),
            Counter(f"{row['raw_record']} {row['reasons']}" for row in bad),
        )


@pytest.mark.parametrize("name", CONTRACTS)
@settings(
    max_examples=max(1, settings.default.max_examples // 50),
    phases=[Phase.generate],
)
@given(seed=st.integers(0, 2**32))
def test_a_row_is_judged_the_same_in_every_format(name, seed):
    contract = contracts.load(name)

    csv, lines, parquet = by_file(contract, rows_of(contract, seed, 300))

    assert csv[0] - lines[0] == Counter() == lines[0] - csv[0]
    assert csv[0] - parquet[0] == Counter() == parquet[0] - csv[0]
    assert csv[1] - lines[1] == Counter() == lines[1] - csv[1]
    assert csv[1] - parquet[1] == Counter() == parquet[1] - csv[1]
    assert 30 < csv[1].total() <= 300
    assert csv[0].total() == 300
