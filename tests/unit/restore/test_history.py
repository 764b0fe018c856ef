"""Documents of past runs as they lie in S3, and a ledger that is filled from them and from raw."""

import json
from dataclasses import replace

import boto3
import pytest

from cartlake.ledger import FileState, ObjectVersion, RunRecord
from cartlake.lineage.runs import Catalog, ingest_run
from cartlake.lineage.storing import store
from cartlake.runs.documents import TableRefresh
from cartlake.runs.folder import RunFolder
from cartlake_cli.context import Lake
from cartlake_cli.errors import CommandError
from cartlake_cli.restore import restore as restoring
from cartlake_cli.restore.backup import BackupError
from cartlake_cli.restore.history import past_runs, rejected_files
from tests.unit.restore.test_evidence import landed, refresh, run

FAILURE = {"facets": {"errorMessage": {"message": "JobFailed: no memory", "programmingLanguage": "Python"}}}


@pytest.fixture
def s3(lake):
    client = boto3.client("s3")
    client.create_bucket(Bucket="quarantine")
    Lake.outputs.buckets["quarantine"] = "quarantine"
    yield client
    del Lake.outputs.buckets["quarantine"]


def write(s3, past):
    """Write the documents of a run, as its steps do."""
    documents = {"manifest": past.manifest, "transform": past.report, "plan": past.plan, "refresh": past.refresh}
    for name, document in documents.items():
        if document is not None:
            key = f"runs/{past.run_id}/{name}.json"
            s3.put_object(Bucket="artifacts", Key=key, Body=document.model_dump_json().encode())
    if past.outcome is not None:
        end = "FAIL" if past.outcome.error else "COMPLETE"
        events = [
            {"eventTime": past.outcome.started_at, "eventType": "START", "run": {"runId": "1"}},
            {"eventTime": past.outcome.ended_at, "eventType": end, "run": FAILURE if past.outcome.error else {}},
        ]
        body = "".join(json.dumps(event) + "\n" for event in events).encode()
        s3.put_object(Bucket="artifacts", Key=f"lineage/{past.subject}/{past.run_id}.jsonl", Body=body)


def test_runs_are_read_with_their_end_in_order_of_time(s3):
    for one in (run(3, "b", error="JobFailed"), run(1, "a"), refresh(2), run(4, "c", ended=False)):
        write(s3, one)
    s3.put_object(Bucket="artifacts", Key="runs/no-run/manifest.json", Body=b"{}")

    found = past_runs("artifacts")

    assert [one.run_id for one in found] == [run(1).run_id, refresh(2).run_id, run(3).run_id, run(4).run_id]
    first, rebuilt, failed, open_one = found
    assert (first.manifest, first.report, first.outcome) == (run(1, "a").manifest, run(1, "a").report, run(1).outcome)
    assert first.report_uri == f"s3://artifacts/runs/{run(1).run_id}/transform.json"
    assert (rebuilt.plan, rebuilt.refresh) == (refresh(2).plan, refresh(2).refresh)
    assert (failed.outcome.error, failed.outcome.cause) == ("JobFailed", "no memory")
    assert open_one.outcome is None


@pytest.mark.parametrize(("outcome", "known"), [("rebuilt", True), ("failed", False)])
def test_a_refresh_that_rebuilt_all_has_ended_even_if_nothing_else_says_so(s3, outcome, known):
    table = TableRefresh(table="curated.sales_daily", scope="all rows", outcome=outcome, rows=1, seconds=1)
    past = refresh(2)
    write(s3, replace(past, outcome=None, refresh=past.refresh.model_copy(update={"tables": [table]})))

    [found] = past_runs("artifacts")

    assert found.outcome == (past.outcome if known else None)


@pytest.mark.parametrize("error", [None, "JobFailed"])
def test_the_end_of_a_run_is_read_from_its_events_as_they_are_written_now(s3, error):
    past = run(3, "b", error=error)
    for old in s3.list_objects_v2(Bucket="artifacts").get("Contents", []):
        s3.delete_object(Bucket="artifacts", Key=old["Key"])
    write(s3, replace(past, outcome=None))
    record = RunRecord(
        run_id=past.run_id,
        subject="transactions",
        state="FAILED" if error else "SUCCEEDED",
        started_at=past.outcome.started_at,
        ended_at=past.outcome.ended_at,
        error=past.outcome.error,
        cause=past.outcome.cause,
    )
    lineage = ingest_run(record, [], None, Catalog("arn:aws:glue:eu-west-1:123456789012"))
    store(RunFolder("artifacts", past.run_id), lineage, "shop-dev")

    [found] = past_runs("artifacts")

    assert found.outcome == past.outcome


def test_a_document_that_cannot_be_read_is_named_and_the_others_count(s3):
    write(s3, run(1, "a"))
    write(s3, run(2, "b"))
    s3.put_object(Bucket="artifacts", Key=f"runs/{run(1).run_id}/manifest.json", Body=b'{"run_id": 1}')
    s3.put_object(Bucket="artifacts", Key=f"lineage/transactions/{run(1).run_id}.jsonl", Body=b"{")

    broken, whole = past_runs("artifacts")

    assert (broken.manifest, broken.outcome, len(broken.unreadable)) == (None, None, 2)
    assert any(f"runs/{run(1).run_id}/manifest.json" in fault for fault in broken.unreadable)
    assert (whole.manifest, whole.unreadable) == (run(2, "b").manifest, ())


def test_rejected_files_are_read_from_beside_their_copies(s3):
    said = {"reason": "missing_header", "message": "no id", "file_id": "f", "at": "2026-03-01T08:00:00.000000Z"}
    said |= {"key": "incoming/transactions/a.csv", "details": {"run_id": "r"}, "contract": "transactions 1.2.0"}
    s3.put_object(Bucket="quarantine", Key="rejected/transactions/f/reason.json", Body=json.dumps(said).encode())
    s3.put_object(Bucket="quarantine", Key="rejected/transactions/f/a.csv", Body=b"x")

    [found] = rejected_files("quarantine").values()

    assert (found.dataset, found.sha256) == ("transactions", None)
    assert (found.file_id, found.reason, found.run_id, found.contract_version) == ("f", "missing_header", "r", "1.2.0")


def test_a_copy_of_a_loaded_file_becomes_its_duplicate_and_other_files_stay_unknown(s3, lake):
    s3.put_bucket_versioning(Bucket="raw", VersioningConfiguration={"Status": "Enabled"})
    for name, body in (("copy", b"0123456789"), ("other", b"9876543210"), ("longer", b"01234567890")):
        s3.put_object(Bucket="raw", Key=f"incoming/transactions/{name}.csv", Body=body)
    loaded = run(1, "a")
    sha256 = "84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882"  # of 0123456789
    files = [file.model_copy(update={"sha256": sha256}) for file in loaded.manifest.files]
    history = [loaded.__class__(loaded.run_id, loaded.outcome, loaded.manifest.model_copy(update={"files": files}))]

    records, unknown = restoring._records(lake, history)
    restoring._writer(lake).add(records)
    added = restoring._add_duplicates(lake, unknown)

    assert (added, len(unknown)) == (1, 3)
    states = {file.key.rpartition("/")[2]: file.state for file in lake.ledger.files.list()}
    assert states == {"a.csv": FileState.LOADED, "copy.csv": FileState.DUPLICATE}


def test_nothing_is_restored_while_a_run_is_at_work(lake, monkeypatch):
    class Machines:
        def list_executions(self, **_):
            return {"executions": [{"name": "transactions-1", "executionArn": "arn:1"}]}

    monkeypatch.setattr(Lake, "client", lambda *_: Machines())
    with pytest.raises(CommandError, match="transactions-1 is running"):
        restoring.refuse_while_running(lake)


def test_ids_of_files_are_those_of_the_ledger():
    version = landed("a").version
    assert isinstance(version, ObjectVersion)
    assert version.file_id == run(1, "a").manifest.files[0].file_id


def test_a_missing_ledger_names_terraform_before_anything_else(lake, monkeypatch):
    monkeypatch.setattr(Lake.outputs, "ledger_table", "gone")
    with pytest.raises(BackupError, match="terraform apply"):
        restoring.plan_restore(lake, without_backup=True)
