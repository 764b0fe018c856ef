"""Full copies in the ledger: their order, the same content again, and copies that a user lets through."""

import pytest

from cartlake.ledger import Content, FileState, Ledger, ObjectVersion
from cartlake.runs.bad_files import TOO_MANY_DELETED
from cartlake.runs.documents import FileFormat
from tests.unit.ledger.test_ledger import dynamodb  # noqa: F401 - a fixture

RUN = "customers-20260131T083000-aaaaaa"


@pytest.fixture
def ledger(dynamodb):  # noqa: F811 - a fixture
    return Ledger("ledger", dynamodb)


def copied(ledger, name, written_at, *, sha256="same", loads_again=True):
    """A file that was written at a time and is received now."""
    version = ObjectVersion(bucket="raw", key=f"incoming/customers/{name}", version_id=name, etag=name, size=1)
    content = Content(
        sha256=sha256,
        contract_version="1.0.0",
        format=FileFormat(kind="csv"),
        row_estimate=1,
        written_at=written_at,
        loads_again=loads_again,
    )
    return ledger.files.validated(ledger.files.receive("customers", version).file_id, content)


def test_the_same_content_is_loaded_again_where_each_file_is_the_whole_table(ledger):
    first, second = copied(ledger, "a", "2026-01-01"), copied(ledger, "b", "2026-01-02")

    assert (first.state, second.state) == (FileState.VALIDATED, FileState.VALIDATED)
    assert copied(ledger, "b", "2026-01-02") == second  # the event came twice

    once = [copied(ledger, name, "2026-01-01", sha256="other", loads_again=False) for name in "cd"]
    assert [file.state for file in once] == [FileState.VALIDATED, FileState.DUPLICATE]


def test_the_newest_copy_is_the_one_that_was_written_last_whatever_was_received_or_noted_last(ledger):
    new, old = copied(ledger, "a", "2026-01-02"), copied(ledger, "b", "2026-01-01")
    assert old.received_at > new.received_at
    assert (ledger.copies.newest("customers"), ledger.copies.newest_file("customers")) == ("", None)

    for file in (new, old):
        ledger.copies.note(file)
    ledger.copies.note(new)

    assert (ledger.copies.newest("customers"), ledger.copies.newest_file("customers")) == (new.recency, new.file_id)
    assert ledger.copies.newest("vendors") == ""


def rejected(ledger, reason):
    ledger.locks.acquire("customers", RUN)
    ledger.runs.start(RUN)
    file = copied(ledger, "a", "2026-01-01")
    ledger.runs.claim(RUN, [file])
    return ledger.files.reject_claimed(ledger.files.get(file.file_id), RUN, reason, "why")


def test_a_copy_that_a_user_lets_through_waits_for_the_next_run_once(ledger):
    file = rejected(ledger, TOO_MANY_DELETED)

    accepted = ledger.files.accept_deletes(file.file_id)

    assert (accepted.state, accepted.accepts_deletes, accepted.reason) == (FileState.VALIDATED, True, None)
    assert ledger.files.accept_deletes(file.file_id) == accepted
    assert [one.file_id for one in ledger.files.pending("customers")] == [file.file_id]
