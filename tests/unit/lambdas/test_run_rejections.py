"""Files that a run cannot load are rejected one by one, and the run goes on with the others."""

import json

import pytest

from cartlake.ledger import Content, FileState, Ledger, ObjectVersion
from cartlake.runs.bad_files import BadFile, BadFiles
from cartlake.runs.documents import FileCount, FileFormat, Manifest, RowCounts, TransformReport
from lambdas.batch_claimer.domain import manifest_entry
from lambdas.run_recorder import handler, rejections

RUN_ID = "transactions-20260131T083000-aaaaaa"
FOLDER = f"s3://artifacts/runs/{RUN_ID}"
WHY = "The file cannot be read: snappy: corrupt input. Write it again and drop it."


@pytest.fixture
def ledger(account):
    return Ledger("ledger", account.dynamodb)


@pytest.fixture
def files(account, ledger):
    """Three files, claimed by the run, whose manifest lists them."""
    ledger.locks.acquire("transactions", RUN_ID)
    ledger.runs.start(RUN_ID)
    for name in ("a.csv", "b.csv", "c.csv"):
        detail = account.drop(f"incoming/transactions/{name}", name.encode())["object"]
        version = ObjectVersion(
            bucket="raw", key=detail["key"], version_id=detail["version-id"], etag=detail["etag"], size=5
        )
        content = Content(sha256=name, contract_version="1.0.0", format=FileFormat(kind="csv"), row_estimate=5)
        ledger.files.validated(ledger.files.receive("transactions", version).file_id, content)
    ledger.runs.claim(RUN_ID, ledger.files.pending("transactions"))
    found = ledger.runs.files(RUN_ID)
    account.write(f"{FOLDER}/manifest.json", manifest_of(found).model_dump_json())
    return found


def manifest_of(files, **change):
    entries = [manifest_entry(file) for file in files]
    manifest = Manifest(run_id=RUN_ID, dataset="transactions", contract_version="1.0.0", created_at="", files=entries)
    return manifest.model_copy(update=change)


@pytest.fixture
def call(account, bus, monkeypatch, lambda_context):
    for module in (handler, rejections):
        monkeypatch.setattr(module, "event_bus", lambda: bus)
    return lambda action="reject_files", **more: handler.lambda_handler(
        {"action": action, "run_id": RUN_ID, **more}, lambda_context
    )


@pytest.fixture
def bad(account):
    """Write which files a step found it cannot load."""

    def write(*files, reason="unreadable"):
        found = [BadFile(file_id=file.file_id, uri=file.uri, reason=reason, detail=WHY) for file in files]
        account.write(f"{FOLDER}/bad_files.json", BadFiles(run_id=RUN_ID, files=found).model_dump_json())

    return write


def states(ledger):
    return [file.state for file in ledger.runs.files(RUN_ID)]


def test_the_bad_file_is_rejected_and_the_run_has_the_others(account, ledger, files, bad, call):
    bad(files[1])

    assert call() == {"rejected": 1, "again": True}

    assert states(ledger) == [FileState.CLAIMED, FileState.REJECTED, FileState.CLAIMED]
    left = account.read_json(f"{FOLDER}/manifest.json")["files"]
    assert [one["file_id"] for one in left] == [files[0].file_id, files[2].file_id]
    rejected = ledger.files.get(files[1].file_id)
    assert (rejected.reason, rejected.detail, rejected.run_id) == ("unreadable", WHY, RUN_ID)


def test_the_manifest_says_how_many_were_left_out_whatever_is_repeated(account, files, bad, call):
    for rejected, left_out in [(files[1], 1), (files[1], 1), (files[0], 2)]:
        bad(rejected)
        call()
        manifest = account.read_json(f"{FOLDER}/manifest.json")
        assert (manifest["left_out"], len(manifest["files"])) == (left_out, 3 - left_out)


def test_it_lies_in_quarantine_beside_its_reason_and_is_told(account, ledger, files, bad, call, bus):
    bad(files[1])

    call()

    folder = f"s3://quarantine/rejected/transactions/{files[1].file_id}"
    why = account.read_json(f"{folder}/reason.json")
    assert account.read(f"{folder}/b.csv") == b"b.csv"
    assert (why["reason"], why["message"], why["details"]) == ("unreadable", WHY, {"run_id": RUN_ID, "copied": True})
    [(name, detail)] = bus.sent
    assert (name, detail["file_id"], detail["reason_uri"]) == (
        "FileRejected",
        files[1].file_id,
        f"{folder}/reason.json",
    )


def test_the_rest_adds_up_when_it_is_loaded(account, ledger, files, bad, call):
    bad(files[1])
    call()
    report = TransformReport(
        run_id=RUN_ID,
        dataset="transactions",
        table="processed.transactions",
        branch="audit",
        snapshot_id="42",
        base_snapshot_id=None,
        rows=RowCounts(read=10, published=10, quarantined=0, duplicate=0),
        files=[FileCount(file_id=file.file_id, rows_read=5) for file in (files[0], files[2])],
        started_at="",
        ended_at="",
    )
    account.write(f"{FOLDER}/transform.json", report.model_dump_json())

    call("record", report_uri=f"{FOLDER}/transform.json", published_snapshot_id="42")

    assert states(ledger) == [FileState.LOADED, FileState.REJECTED, FileState.LOADED]
    assert ledger.runs.get(RUN_ID).files == 3


@pytest.mark.parametrize("crash", ["events", "manifest"])
def test_a_call_that_was_killed_is_completed_by_the_next(account, ledger, files, bad, call, bus, monkeypatch, crash):
    bad(files[1])
    with monkeypatch.context() as killed:
        if crash == "events":
            bus.refuse = 1
        else:
            killed.setattr(rejections.s3, "write_text", lambda *_: (_ for _ in ()).throw(TimeoutError))
        with pytest.raises(TimeoutError):
            call()

    assert call() == {"rejected": 1, "again": True}
    assert call() == {"rejected": 1, "again": True}

    assert len(account.read_json(f"{FOLDER}/manifest.json")["files"]) == 2
    assert set(bus.types) == {"FileRejected"}


def test_a_second_attempt_that_finds_another_is_repeated_once_more(account, ledger, files, bad, call):
    bad(files[1])
    call()
    bad(files[2])

    assert call() == {"rejected": 1, "again": True}
    assert states(ledger) == [FileState.CLAIMED, FileState.REJECTED, FileState.REJECTED]


def test_when_every_file_is_bad_nothing_is_left_to_repeat(account, ledger, files, bad, call):
    bad(*files)

    assert call() == {"rejected": 3, "again": False}
    call("fail", error="BadFilesError", cause="3 files cannot be loaded")

    assert states(ledger) == [FileState.REJECTED] * 3


def test_a_backfill_rejects_nothing_since_its_files_are_loaded(account, ledger, files, bad, call):
    ledger.runs.loaded(RUN_ID, [file.file_id for file in files])
    account.write(f"{FOLDER}/manifest.json", manifest_of(files, backfill=True).model_dump_json())
    bad(files[1])

    assert call() == {"rejected": 0, "again": False}
    assert states(ledger) == [FileState.LOADED] * 3


def test_a_duplicate_of_a_file_that_is_gone_waits_for_the_next_run(account, ledger, files, bad, call, bus):
    version = ObjectVersion(bucket="raw", key="incoming/transactions/twin.csv", etag="t", size=5)
    content = Content(sha256="b.csv", contract_version="1.0.0", format=FileFormat(kind="csv"), row_estimate=5)
    twin = ledger.files.validated(ledger.files.receive("transactions", version).file_id, content)
    assert twin.state is FileState.DUPLICATE
    bad(files[1], reason="object_missing")

    assert call()["again"]

    assert [file.file_id for file in ledger.files.pending("transactions")] == [twin.file_id]
    assert states(ledger)[1] is FileState.DUPLICATE
    assert bus.types == []


def test_a_file_that_is_gone_has_a_reason_and_no_copy(account, ledger, files, bad, call):
    account.s3.delete_object(Bucket="raw", Key=files[1].key, VersionId=files[1].version_id)
    bad(files[1], reason="object_missing")

    call()

    why = json.loads(account.read(f"s3://quarantine/rejected/transactions/{files[1].file_id}/reason.json"))
    assert why["details"]["copied"] is False
