"""Files that must be rejected: each with its own reason, its bytes kept, and no other file affected."""

import gzip
import json
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cartlake.ledger import FileState, ObjectVersion
from cartlake_cli.operations.upload import upload
from generators.transactions import generate_transactions
from tests.e2e.conftest import eventually

pytestmark = pytest.mark.e2e

MEGABYTE = 1_000_000


def parquet_of_other_types():
    table = pa.table({"order_id": [1, 2], "quantity": ["a", "b"]})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    return sink.getvalue().to_pybytes()


def renamed(text, old, new):
    header, _, rows = text.partition("\n")
    return f"{header.replace(old, new)}\n{rows}".encode()


def without_column(text, index):
    lines = [line.split(",") for line in text.splitlines()]
    return "\n".join(",".join(line[:index] + line[index + 1 :]) for line in lines).encode()


BAD = {
    # name: (key below the raw bucket, bytes from a good CSV's text, reason)
    "outside the landing folder": ("elsewhere/{id}.csv", str.encode, "unrecognised_key"),
    "a dataset without contract": ("incoming/payments/{id}.csv", str.encode, "unknown_dataset"),
    "an unknown extension": ("incoming/transactions/{id}.xlsx", str.encode, None),
    "no bytes": ("incoming/transactions/{id}.csv", lambda _: b"", "empty_file"),
    "a header and nothing else": (
        "incoming/transactions/{id}.csv",
        lambda text: (text.partition("\n")[0] + "\n").encode(),
        "no_rows",
    ),
    "binary garbage": ("incoming/transactions/{id}.csv", lambda _: bytes(range(256)) * 64, None),
    "a truncated gzip": ("incoming/transactions/{id}.csv.gz", lambda t: gzip.compress(t.encode())[:-20], None),
    "a gzip bomb": ("incoming/transactions/{id}.csv.gz", lambda _: gzip.compress(b"0" * 400 * MEGABYTE, 9), None),
    "a missing column": ("incoming/transactions/{id}.csv", lambda text: without_column(text, 2), "missing_columns"),
    "a renamed column": (
        "incoming/transactions/{id}.csv",
        lambda text: renamed(text, "currency", "currencies"),
        None,
    ),
    "an extra column": (
        "incoming/transactions/{id}.csv",
        lambda text: renamed(text, "order_id", "order_id,surprise"),
        "extra_columns",
    ),
    "semicolons": ("incoming/transactions/{id}.csv", lambda text: text.replace(",", ";").encode(), "wrong_delimiter"),
    "UTF-16": ("incoming/transactions/{id}.csv", lambda text: text.encode("utf-16"), "wrong_encoding"),
    "invalid UTF-8": (
        "incoming/transactions/{id}.csv",
        lambda text: text.encode().replace(b"card", b"\xff\xfe\xfa"),
        "wrong_encoding",
    ),
    "one endless line": ("incoming/transactions/{id}.csv", lambda _: b"x" * 200 * MEGABYTE, None),
    "a Parquet file of other types": ("incoming/transactions/{id}.parquet", lambda _: parquet_of_other_types(), None),
    "a text file called Parquet": ("incoming/transactions/{id}.parquet", str.encode, None),
}


@pytest.fixture(scope="module")
def dropped(lake, tmp_path_factory):
    """All bad files at once; returns the object version of each."""
    folder = tmp_path_factory.mktemp("good")
    generate_transactions(folder, rows=20, days=1, seed=7, dirty=0.0)
    [path] = folder.glob("*.csv")
    text, bucket, s3 = path.read_text(), lake.outputs.buckets["raw"], lake.client("s3")
    landed = {}
    for name, (pattern, spoil, _) in BAD.items():
        key, body = pattern.format(id=uuid4().hex), spoil(text)
        answer = s3.put_object(Bucket=bucket, Key=key, Body=body)
        etag = answer["ETag"].strip('"')
        landed[name] = ObjectVersion(
            bucket=bucket, key=key, version_id=answer.get("VersionId"), etag=etag, size=len(body)
        )
    return landed


def validated(lake, file_id):
    def state():
        found = [f for f in lake.ledger.files.list() if f.file_id == file_id]
        return found and found[0].state is not FileState.RECEIVED and found[0]

    return eventually(state, 180)


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_rejected_with_its_reason_and_kept(lake, dropped, name):
    landed, reason = dropped[name], BAD[name][2]

    file = validated(lake, landed.file_id)

    assert file.state is FileState.REJECTED
    assert reason in {None, file.reason}
    s3, quarantine = lake.client("s3"), lake.outputs.buckets["quarantine"]
    folder = f"rejected/{file.dataset}/{file.file_id}/"
    kept = {entry["Key"]: entry["Size"] for entry in s3.list_objects_v2(Bucket=quarantine, Prefix=folder)["Contents"]}
    assert kept[folder + landed.key.rpartition("/")[2]] == landed.size
    why = json.loads(s3.get_object(Bucket=quarantine, Key=folder + "reason.json")["Body"].read())
    assert why["reason"] == file.reason
    assert len(why["message"]) > 20


def test_a_rejected_file_is_listed_and_explained(lake, dropped, run_lake):
    file = validated(lake, dropped["semicolons"].file_id)

    listed = json.loads(run_lake("quarantine", "list", "--json").stdout)
    shown = json.loads(run_lake("quarantine", "show", file.file_id, "--json").stdout)

    assert file.file_id in {one["file_id"] for one in listed["files"]}
    assert ";" in shown["detail"]


def test_reordered_columns_and_a_byte_order_mark_are_fine(lake, orders, follow, rows_of):
    path, _ = orders(30)
    lines = [line.split(",") for line in path.read_text().splitlines()]
    path.write_text("\n".join(",".join(reversed(line)) for line in lines) + "\n", encoding="utf-8-sig")

    [file] = follow([upload(lake, "transactions", [path])[0]["file_id"]])

    assert file.state is FileState.LOADED
    assert rows_of(f"select count(*) from processed.transactions where _run_id = '{file.run_id}'") == [["30"]]


def test_an_object_that_is_gone_before_it_is_read_is_rejected_not_retried_for_ever(lake):
    bucket, s3 = lake.outputs.buckets["raw"], lake.client("s3")
    key = f"incoming/transactions/{uuid4().hex}.csv"
    answer = s3.put_object(Bucket=bucket, Key=key, Body=b"order_id\n" * 10)
    landed = ObjectVersion(
        bucket=bucket, key=key, version_id=answer.get("VersionId"), etag=answer["ETag"].strip('"'), size=90
    )
    s3.delete_object(Bucket=bucket, Key=key, VersionId=landed.version_id)

    file = validated(lake, landed.file_id)

    assert file.state is FileState.REJECTED
