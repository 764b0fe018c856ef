"""A file that an engine cannot read is named alone, whatever the engine says of the batch; the others load without."""

import gzip
import io
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cartlake.aws import s3
from cartlake.aws.clients import client
from cartlake.runs.bad_files import BadFiles, BadFilesError
from glue_jobs.dataset_etl.bad_files import bad_files_written
from tests.spark.loading import csv, header_of

pytestmark = pytest.mark.spark

RUN_ID = "vendors-20260301T120000-aaaaaa"
VENDOR = {
    "vendor_name": "Alpine Goods",
    "country_code": "AT",
    "contact_email": "orders@example.com",
    "lead_time_days": 7,
    "is_active": "true",
    "updated_at": "2026-02-20T08:00:00Z",
}


@pytest.fixture(params=["spark_lake", "light_lake"])
def lake(request):
    """A lake of each engine, for vendors."""
    lake = request.getfixturevalue(request.param)
    lake.dataset = "vendors"
    return lake


def vendors(*numbers):
    return csv([VENDOR | {"vendor_id": f"VEN-{number}"} for number in numbers], header_of("vendors"))


def broken_parquet():
    """A Parquet file with a good footer, of whose data a part was overwritten."""
    sink, numbers = io.BytesIO(), range(2_000, 4_000)
    values = {name: [str(VENDOR.get(name) or f"VEN-{number}") for number in numbers] for name in header_of("vendors")}
    pq.write_table(pa.table(values), sink, compression="snappy", use_dictionary=False)
    content = bytearray(sink.getvalue())
    content[40:400] = random.Random(1).randbytes(360)
    return bytes(content)


def broken_gzip():
    """A gzip file that ends too early."""
    return gzip.compress(vendors(*range(5_000, 9_000)))[:-3_000]


def fill(lake, *bad):
    """Good files around bad ones."""
    lake.drop("a.csv", vendors(1000)).drop("b.csv", vendors(1001))
    for name, content, layout in bad:
        lake.drop(name, content, **layout)
    lake.drop("c.csv", vendors(1002))


PARQUET = ("broken.parquet", broken_parquet(), {"kind": "parquet", "header": []})
GZIP = ("broken.csv.gz", broken_gzip(), {"compression": "gzip"})


def ids(rows):
    return sorted(row["vendor_id"] for row in rows)


@pytest.mark.parametrize("bad", [pytest.param([PARQUET], id="parquet"), pytest.param([GZIP, PARQUET], id="both")])
def test_the_bad_files_are_named_and_the_others_load_as_the_same_run(lake, bad):
    fill(lake, *bad)
    files = list(lake.files)

    with pytest.raises(BadFilesError) as failed, bad_files_written("s3://artifacts/bad.json", RUN_ID):
        lake.run(RUN_ID)

    assert {one.uri.rpartition("/")[2] for one in failed.value.files} == {name for name, *_ in bad}
    assert {one.reason for one in failed.value.files} == {"unreadable"}
    assert all(one.detail.startswith("The file cannot be read: ") for one in failed.value.files)
    assert s3.read_model("s3://artifacts/bad.json", BadFiles).files == list(failed.value.files)
    assert lake.rows() == []

    named = {one.file_id for one in failed.value.files}
    lake.files = [file for file in files if file.file_id not in named]
    report, _ = lake.run(RUN_ID)

    assert (report.rows.read, report.rows.published) == (3, 3)
    assert ids(lake.rows()) == ["VEN-1000", "VEN-1001", "VEN-1002"]


def test_files_that_are_gone_or_replaced_are_named_together(lake):
    fill(lake)
    client("s3").delete_object(Bucket="raw", Key="incoming/vendors/b.csv")
    client("s3").put_object(Bucket="raw", Key="incoming/vendors/c.csv", Body=b"other")

    with pytest.raises(BadFilesError) as failed:
        lake.run(RUN_ID)

    assert {one.uri.rpartition("/")[2]: one.reason for one in failed.value.files} == {
        "b.csv": "object_missing",
        "c.csv": "superseded",
    }


def test_a_failure_that_is_of_no_file_stays_what_it_was(lake, monkeypatch):
    fill(lake)
    monkeypatch.setattr("glue_jobs.dataset_etl.pipeline.broken_rules", lambda *_: 1 // 0)

    with pytest.raises(ZeroDivisionError):
        lake.run(RUN_ID)
