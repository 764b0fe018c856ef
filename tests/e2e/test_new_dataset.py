"""A further dataset needs one contract: contract in, file dropped, rows in Athena. Nothing else is written by hand.

The contract `returns` comes with the second deployment. It gathers files for 10 seconds.
"""

import io
import json
import random
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cartlake.ledger import FileState, RunState
from cartlake.times import parse
from cartlake_cli.operations.upload import upload
from tests.e2e.conftest import eventually, loads_on_spark

GATHER_SECONDS = 10

LINES = """return_id,order_id,returned_on,reason,refund_amount,updated_at
RET-000001,{order},2026-11-02,too_small,19.99,2026-11-02T10:00:00Z
RET-000002,ORD-FFFFFFFFFF,2026-11-02,damaged,5.00,2026-11-02T11:00:00Z
RET-000003,{order},2026-11-03,lost,5.00,2026-11-03T10:00:00Z
RET-000001,{order},2026-11-02,damaged,19.99,2026-11-03T10:00:00Z
"""


def returned(first, number, order):
    """Lines of returns that nobody else has."""
    header, line = LINES.splitlines()[0], "RET-{:06},{},2026-11-04,damaged,1.00,2026-11-04T10:00:00Z"
    return "\n".join([header, *(line.format(key, order) for key in range(first, first + number))]) + "\n"


def unreadable_parquet(first, number, order):
    """A Parquet file of the right types whose footer is whole, and whose first pages are noise."""
    at = datetime(2026, 11, 4, 10, tzinfo=UTC)
    columns = {
        "return_id": [f"RET-{key:06}" for key in range(first, first + number)],
        "order_id": [order] * number,
        "returned_on": [date(2026, 11, 4)] * number,
        "reason": ["damaged"] * number,
        "refund_amount": pa.array([Decimal("1.00")] * number, pa.decimal128(12, 2)),
        "updated_at": pa.array([at] * number, pa.timestamp("us", "UTC")),
    }
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink, compression="snappy", use_dictionary=False)
    content = bytearray(sink.getvalue())
    content[40:400] = random.Random(1).randbytes(360)
    return bytes(content)


@pytest.mark.e2e
def test_a_contract_is_all_a_new_dataset_needs(lake, redeployed, run_lake, rows_of, orders, tmp_path):
    order_file, _ = orders(rows=5)
    run_lake("drop", "transactions", order_file, "--wait")
    order_id = order_file.read_text().splitlines()[1].split(",")[0]
    returns = tmp_path / "returns.csv"
    returns.write_text(LINES.format(order=order_id))

    files = json.loads(run_lake("drop", "returns", returns, "--wait", "--json").stdout)

    assert [file["state"] for file in files] == ["LOADED"]
    assert rows_of("select return_id, order_id, reason, refund_amount from processed.returns") == [
        ["RET-000001", order_id, "damaged", "19.99"]
    ]
    refused = rows_of(
        "select json_extract_scalar(raw_record, '$.return_id'), array_join(reasons, ' ') from ops.quarantine_rows "
        "where dataset = 'returns' order by 1"
    )
    assert refused == [["RET-000002", "orphan:order_id"], ["RET-000003", "reason_is_known"]]
    [run] = json.loads(run_lake("runs", "--dataset", "returns", "--json").stdout)
    assert (run["read"], run["published"], run["quarantined"], run["duplicate"]) == (4, 1, 2, 1)

    good, bad = check_that_files_are_gathered_and_a_bad_one_holds_no_other(lake, run_lake, rows_of, tmp_path, order_id)
    check_that_the_bad_file_can_be_replayed_alone(lake, run_lake, good, bad)


def check_that_files_are_gathered_and_a_bad_one_holds_no_other(lake, run_lake, rows_of, folder, order_id):
    """The first file starts at once; three more wait for one run, which loads two and rejects one."""

    def drop(name, content):
        path = folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return upload(lake, "returns", [path])[0]["file_id"]

    def record(file_id):
        return next((file for file in lake.ledger.files.list("returns") if file.file_id == file_id), None)

    eventually(lambda: lake.ledger.locks.get("returns") is None)
    first = drop("first.csv", returned(100, 5, order_id))
    run_id = eventually(lambda: (file := record(first)) and file.state is not FileState.VALIDATED and file.run_id)
    later = [
        drop("a.csv", returned(200, 5, order_id)),
        drop("bad.parquet", unreadable_parquet(1000, 3000, order_id)),
        drop("b.csv", returned(300, 5, order_id)),
    ]
    planned = eventually(lambda: lake.ledger.next_runs.get("returns"))
    said = run_lake("runs", "--dataset", "returns").output
    [status] = [
        one for one in json.loads(run_lake("status", "--json").stdout)["datasets"] if one["dataset"] == "returns"
    ]
    assert "wait until" in said
    assert status["next_run_at"] == planned.starts_at

    a, bad, b = eventually(
        lambda: (
            (found := [record(one) for one in later])
            and all(file and file.state in {FileState.LOADED, FileState.REJECTED, FileState.FAILED} for file in found)
            and found
        )
    )
    first_run, run = lake.ledger.runs.get(run_id), lake.ledger.runs.get(planned.run_id)
    eventually(lambda: lake.ledger.runs.get(planned.run_id).state is not RunState.RUNNING)
    assert [file.state for file in (a, bad, b)] == [FileState.LOADED, FileState.REJECTED, FileState.LOADED]
    assert {file.run_id for file in (a, bad, b)} == {planned.run_id}
    assert (parse(run.started_at) - parse(first_run.started_at)).total_seconds() >= GATHER_SECONDS - 0.5
    assert (bad.reason, bad.detail[:27]) == ("unreadable", "The file cannot be read: Du")
    why = f"rejected/returns/{bad.file_id}/reason.json"
    kept = lake.client("s3").get_object(Bucket=lake.outputs.buckets["quarantine"], Key=why)["Body"].read()
    assert json.loads(kept)["details"] == {"run_id": planned.run_id, "copied": True}
    ended = lake.ledger.runs.get(planned.run_id)
    assert (ended.state, ended.files, ended.counts.read, ended.counts.published) == (RunState.SUCCEEDED, 3, 10, 10)
    loaded = rows_of(f"select count(*) from processed.returns where _run_id = '{planned.run_id}'")
    assert loaded == [["10"]]
    return [a, b], bad


def check_that_the_bad_file_can_be_replayed_alone(lake, run_lake, good, bad):
    """On Spark this time, which says the same of it. The good files stay as they are."""
    with loads_on_spark(lake):
        told = json.loads(run_lake("quarantine", "replay", "returns", "--file", bad.file_id, "--json").stdout)

    [again] = told["processed"]
    assert (told["rows"], told["files"], again["key"]) == (0, 1, bad.key)
    assert (again["state"], again["reason"]) == ("REJECTED", "unreadable")
    run = eventually(lambda: (run := lake.ledger.runs.get(again["run_id"])).state is RunState.FAILED and run)
    assert (run.error, run.engine.engine) == ("BadFilesError", "spark")
    assert bad.key in run.cause
    assert [lake.ledger.files.get(file.file_id).state for file in good] == [FileState.LOADED] * 2
