"""What `lake quarantine show` says of a file that was not loaded: why, and what to do."""

import json

import pytest

from cartlake.ledger import FileRecord, FileState, RunRecord, RunState
from cartlake_cli.operations.raw_files.unloaded import explained

RUN_ID = "vendors-20260131T083000-aaaaaa"
RUN = RunRecord(
    run_id=RUN_ID,
    subject="vendors",
    state=RunState.FAILED,
    error="AuditFailed",
    cause=json.dumps({"errorMessage": "rule batch_is_fresh measured 40", "stackTrace": ["a", "b"]}),
    started_at="",
)


def file(state, reason, detail, **about):
    known = {"file_id": "f1", "dataset": "vendors", "bucket": "raw", "key": "incoming/vendors/a.csv", "etag": "e"}
    times = {"received_at": "", "updated_at": ""}
    return FileRecord(**known, **times, size=1, state=state, reason=reason, detail=detail, **about)


AGAIN = "`lake quarantine replay vendors --file f1`"


@pytest.mark.parametrize(
    ("found", "why", "step"),
    [
        (
            file(FileState.FAILED, "run_failed", 'Run … failed with AuditFailed: {"errorMessage": "ru', run_id=RUN_ID),
            f"Its run {RUN_ID} failed with AuditFailed: rule batch_is_fresh measured 40",
            f"Correct the cause (`lake run show {RUN_ID}` has all of it), then {AGAIN}.",
        ),
        (
            file(FileState.REJECTED, "missing_columns", "The file lacks columns"),
            "The file lacks columns",
            f"Correct the file and drop it again; if the contract is at fault, correct that, `lake up`, then {AGAIN}.",
        ),
        (
            file(FileState.FAILED, "object_missing", "It was deleted"),
            "It was deleted",
            "Drop the file again, under a name of its own: `lake drop vendors FILE`.",
        ),
        (
            file(FileState.REJECTED, "too_many_deleted", "It lacks 3 of 4 keys"),
            "It lacks 3 of 4 keys",
            f"If the file is cut off, drop a whole one; if the rows are really gone, {AGAIN[:-1]} --accept-deletes`.",
        ),
        (
            file(FileState.DUPLICATE, None, None, duplicate_of="f0"),
            "Its content is that of file f0, and each content is loaded once.",
            "Nothing: the rows are those of file f0; `lake quarantine show f0`.",
        ),
    ],
)
def test_a_file_says_why_it_was_not_loaded_and_what_to_do(found, why, step):
    shown = explained(found, RUN if found.run_id else None)

    assert list(shown)[:5] == ["key", "state", "reason", "why", "next"]
    assert (shown["why"], shown["next"]) == (why, step)
