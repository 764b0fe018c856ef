from datetime import date
from types import SimpleNamespace

import boto3
import pytest
from moto import mock_aws

from cartlake.errors import TransientError
from cartlake.ledger import (
    Content,
    FileState,
    Ledger,
    LockHeldError,
    ObjectVersion,
    RunState,
    StaleMark,
    UnknownFileError,
)
from cartlake.ledger.items import table as ledger_table
from cartlake.ledger.items.table import Key, delete
from cartlake.refresh.day_ranges import DayRange, of_days
from cartlake.refresh.graph import WHOLE, KeySource, Scope
from cartlake.runs.documents import FileFormat, RowCounts
from cartlake.runs.ids import Workflow

TABLE = "ledger"
RUN = "transactions-20260131T083000-aaaaaa"
OTHER_RUN = "transactions-20260131T084000-bbbbbb"
REFRESH_RUN = "refresh-20260131T083000-aaaaaa"
OTHER_REFRESH = "refresh-20260131T084000-bbbbbb"
CONTENT = Content(
    sha256="c0ffee", contract_version="1.2.0", format=FileFormat(kind="csv", header=["a", "b"]), row_estimate=7
)


class RacingClient:
    """A DynamoDB client that lets another actor act just before the next write, once."""

    def __init__(self, client):
        self._client = client
        self.before_write = None

    def transact_write_items(self, **request):
        race, self.before_write = self.before_write, None
        if race:
            race()
        return self._client.transact_write_items(**request)

    def __getattr__(self, name):
        return getattr(self._client, name)


@pytest.fixture
def dynamodb(monkeypatch):
    monkeypatch.setattr(ledger_table, "time", SimpleNamespace(sleep=lambda _: None))
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        client.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "gsi1pk", "gsi1sk")
            ],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "by_state",
                    "KeySchema": [
                        {"AttributeName": "gsi1pk", "KeyType": "HASH"},
                        {"AttributeName": "gsi1sk", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
        )
        yield client


@pytest.fixture
def ledger(dynamodb):
    return Ledger(TABLE, dynamodb)


@pytest.fixture
def racing(dynamodb):
    client = RacingClient(dynamodb)
    return Ledger(TABLE, client), client


def landed(name="a.csv", version="v1"):
    return ObjectVersion(
        bucket="raw", key=f"incoming/transactions/{name}", version_id=version, etag=f"etag-{name}", size=10
    )


def receive(ledger, name="a.csv"):
    return ledger.files.receive("transactions", landed(name))


def good(ledger, name="a.csv", content=CONTENT):
    return ledger.files.validated(receive(ledger, name).file_id, content)


def claimed(ledger, *names, run_id=RUN):
    ledger.locks.acquire("transactions", run_id)
    ledger.runs.start(run_id)
    files = [good(ledger, name, CONTENT.model_copy(update={"sha256": name})) for name in names]
    ledger.runs.claim(run_id, files)
    return [ledger.files.get(file.file_id) for file in files]


def waiting(ledger):
    return [file.key.rsplit("/", 1)[1] for file in ledger.files.pending("transactions")]


def state(ledger, record):
    return ledger.files.get(record.file_id).state


class TestFiles:
    def test_one_object_version_is_one_file_however_often_it_is_received(self, ledger):
        first, again = receive(ledger), receive(ledger)

        assert again == first
        assert first.state is FileState.RECEIVED
        assert ledger.files.list("transactions") == [first]

    def test_a_new_version_of_the_same_key_is_another_file(self):
        assert landed(version="v1").file_id != landed(version="v2").file_id

    def test_an_unknown_file_is_named_in_the_error(self, ledger):
        with pytest.raises(UnknownFileError, match="no file deadbeef"):
            ledger.files.get("deadbeef")

    def test_a_validated_file_keeps_what_was_found_and_waits(self, ledger):
        record = good(ledger)

        assert record.state is FileState.VALIDATED
        assert record.format == CONTENT.format
        assert record.row_estimate == 7
        assert waiting(ledger) == ["a.csv"]
        assert ledger.has_pending("transactions")

    def test_a_rejected_file_says_why_and_waits_for_nothing(self, ledger):
        record = ledger.files.rejected(receive(ledger).file_id, "empty_file", "It is empty.")

        assert (record.state, record.reason, record.detail) == (FileState.REJECTED, "empty_file", "It is empty.")
        assert not ledger.has_pending("transactions")

    def test_the_first_verdict_stands(self, ledger):
        file_id = receive(ledger).file_id
        ledger.files.validated(file_id, CONTENT)

        assert ledger.files.rejected(file_id, "empty_file", "").state is FileState.VALIDATED
        assert ledger.files.validated(file_id, CONTENT).state is FileState.VALIDATED
        assert waiting(ledger) == ["a.csv"]

    def test_listing_covers_all_datasets_and_filters_by_state(self, ledger):
        good(ledger)
        outside = ledger.files.receive("_unknown", landed("b.csv"))
        ledger.files.rejected(outside.file_id, "unrecognised_key", "")

        assert [file.dataset for file in ledger.files.list()] == ["transactions", "_unknown"]
        assert [file.file_id for file in ledger.files.list(state=FileState.REJECTED)] == [outside.file_id]
        assert ledger.files.list("transactions", FileState.REJECTED) == []

    def test_pending_files_come_oldest_first_and_can_be_limited(self, ledger):
        for name in ("b.csv", "a.csv", "c.csv"):
            good(ledger, name, CONTENT.model_copy(update={"sha256": name}))

        assert waiting(ledger) == ["b.csv", "a.csv", "c.csv"]
        assert len(ledger.files.pending("transactions", limit=2)) == 2


class TestContent:
    def test_the_same_content_counts_once(self, ledger):
        first, second = good(ledger, "a.csv"), good(ledger, "b.csv")

        assert (second.state, second.duplicate_of) == (FileState.DUPLICATE, first.file_id)
        assert waiting(ledger) == ["a.csv"]

    def test_the_same_content_under_another_major_version_counts_again(self, ledger):
        good(ledger, "a.csv")
        minor = good(ledger, "b.csv", CONTENT.model_copy(update={"contract_version": "1.9.0"}))
        major = good(ledger, "c.csv", CONTENT.model_copy(update={"contract_version": "2.0.0"}))

        assert minor.state is FileState.DUPLICATE
        assert major.state is FileState.VALIDATED

    def test_where_the_order_of_files_matters_a_content_may_come_again(self, ledger):
        ordered = CONTENT.model_copy(update={"loads_again": True})
        first, other = good(ledger, "a.csv", ordered), good(ledger, "b.csv", ordered.model_copy(update={"sha256": "b"}))
        again = good(ledger, "c.csv", ordered)

        assert [file.state for file in (first, other, again)] == [FileState.VALIDATED] * 3
        assert ledger.files.validated(again.file_id, ordered).state is FileState.VALIDATED
        assert waiting(ledger) == ["a.csv", "b.csv", "c.csv"]

    @pytest.mark.parametrize(
        ("written", "received", "moment"),
        [
            (None, "10:00:07.500000", "10:00:07.500000"),
            ("10:00:05.000000", "10:00:05.250000", "10:00:05.250000"),
            ("10:00:05.000000", "10:20:00.000000", "10:00:05.999999"),
            ("10:00:05.000000", "10:00:04.000000", "10:00:05.000000"),  # a clock that is slow
        ],
    )
    def test_files_are_ordered_by_when_they_were_written_then_received(self, ledger, written, received, moment):
        day = "2026-03-01T"
        times = {"written_at": written and f"{day}{written}Z", "received_at": f"{day}{received}Z"}

        assert good(ledger, "a.csv").model_copy(update=times).moment == f"{day}{moment}Z"

    def test_of_two_simultaneous_drops_exactly_one_is_validated(self, racing):
        ledger, client = racing
        one, two = receive(ledger, "a.csv"), receive(ledger, "b.csv")
        client.before_write = lambda: ledger.files.validated(two.file_id, CONTENT)

        ledger.files.validated(one.file_id, CONTENT)

        assert state(ledger, two) is FileState.VALIDATED
        assert ledger.files.get(one.file_id).duplicate_of == two.file_id
        assert waiting(ledger) == ["b.csv"]

    def test_of_two_simultaneous_deliveries_of_one_file_one_writes(self, racing):
        ledger, client = racing
        one = receive(ledger)
        client.before_write = lambda: ledger.files.validated(one.file_id, CONTENT)

        assert ledger.files.validated(one.file_id, CONTENT).state is FileState.VALIDATED
        assert waiting(ledger) == ["a.csv"]

    def test_content_of_a_failed_file_can_be_dropped_again(self, ledger):
        (lost,) = claimed(ledger, "a.csv")
        ledger.runs.fail(RUN, "GlueJobFailed", "out of memory")

        again = good(ledger, "b.csv", CONTENT.model_copy(update={"sha256": lost.sha256}))

        assert again.state is FileState.VALIDATED
        assert waiting(ledger) == ["b.csv"]

    def test_a_file_does_not_join_an_owner_that_fails_meanwhile(self, racing):
        ledger, client = racing
        (owner,) = claimed(ledger, "a.csv")
        late = receive(ledger, "b.csv")
        client.before_write = lambda: ledger.runs.fail(RUN, "GlueJobFailed", "")

        ledger.files.validated(late.file_id, CONTENT.model_copy(update={"sha256": owner.sha256}))

        assert state(ledger, late) is FileState.VALIDATED

    def test_content_is_not_taken_from_an_owner_that_is_replayed_meanwhile(self, racing):
        ledger, client = racing
        (owner,) = claimed(ledger, "a.csv")
        ledger.runs.fail(RUN, "GlueJobFailed", "")
        late = receive(ledger, "b.csv")
        client.before_write = lambda: ledger.files.requeue(owner.file_id)

        ledger.files.validated(late.file_id, CONTENT.model_copy(update={"sha256": owner.sha256}))

        assert state(ledger, late) is FileState.DUPLICATE
        assert waiting(ledger) == ["a.csv"]


class TestReplay:
    def test_a_failed_file_waits_again_with_its_old_fault_forgotten(self, ledger):
        (lost,) = claimed(ledger, "a.csv")
        ledger.runs.fail(RUN, "GlueJobFailed", "boom")
        assert ledger.files.get(lost.file_id).reason == "run_failed"

        replayed = ledger.files.requeue(lost.file_id)

        assert (replayed.state, replayed.reason, replayed.run_id) == (FileState.VALIDATED, None, None)
        assert waiting(ledger) == ["a.csv"]

    def test_replaying_twice_queues_once(self, ledger):
        (lost,) = claimed(ledger, "a.csv")
        ledger.runs.fail(RUN, "GlueJobFailed", "boom")

        ledger.files.requeue(lost.file_id)
        ledger.files.requeue(lost.file_id)

        assert waiting(ledger) == ["a.csv"]

    def test_a_replayed_file_whose_content_came_in_otherwise_is_a_duplicate(self, ledger):
        (lost,) = claimed(ledger, "a.csv")
        ledger.runs.fail(RUN, "GlueJobFailed", "boom")
        other = good(ledger, "b.csv", CONTENT.model_copy(update={"sha256": lost.sha256}))

        replayed = ledger.files.requeue(lost.file_id)

        assert (replayed.state, replayed.duplicate_of) == (FileState.DUPLICATE, other.file_id)
        assert waiting(ledger) == ["b.csv"]

    @pytest.mark.parametrize("name", ["claimed.csv", "waiting.csv"])
    def test_a_file_that_has_not_failed_is_left_alone(self, ledger, name):
        claimed(ledger, "claimed.csv")
        good(ledger, "waiting.csv")
        file_id = landed(name).file_id
        before = ledger.files.get(file_id)

        assert ledger.files.requeue(file_id) == before


class TestSetAside:
    def test_without_a_duplicate_the_file_fails(self, ledger):
        record = ledger.files.set_aside(good(ledger), "object_missing", "It is gone.")

        assert (record.state, record.reason, record.detail) == (FileState.FAILED, "object_missing", "It is gone.")
        assert waiting(ledger) == []

    def test_a_duplicate_takes_its_place_so_that_the_content_is_not_lost(self, ledger):
        gone = good(ledger, "a.csv")
        heir = good(ledger, "b.csv")

        record = ledger.files.set_aside(gone, "object_missing", "It is gone.")

        assert (record.state, record.duplicate_of) == (FileState.DUPLICATE, heir.file_id)
        assert state(ledger, heir) is FileState.VALIDATED
        assert waiting(ledger) == ["b.csv"]

    def test_when_the_heir_is_gone_too_it_fails(self, ledger):
        gone, heir = good(ledger, "a.csv"), good(ledger, "b.csv")
        ledger.files.set_aside(gone, "object_missing", "")

        assert ledger.files.set_aside(ledger.files.get(heir.file_id), "object_missing", "").state is FileState.FAILED

    def test_a_duplicate_that_joins_at_that_moment_is_not_overlooked(self, racing):
        ledger, client = racing
        gone, joining = good(ledger, "a.csv"), receive(ledger, "b.csv")
        client.before_write = lambda: ledger.files.validated(joining.file_id, CONTENT)

        ledger.files.set_aside(gone, "object_missing", "")

        assert state(ledger, joining) is FileState.VALIDATED
        assert waiting(ledger) == ["b.csv"]

    def test_a_file_that_was_claimed_meanwhile_stays_claimed(self, racing):
        ledger, client = racing
        record = good(ledger)
        ledger.locks.acquire("transactions", RUN)
        client.before_write = lambda: ledger.runs.claim(RUN, [record])

        assert ledger.files.set_aside(record, "object_missing", "").state is FileState.CLAIMED


class TestRejectClaimed:
    def test_the_file_is_rejected_with_its_reason_and_the_others_stay_claimed(self, ledger):
        bad, other = claimed(ledger, "a.csv", "b.csv")

        record = ledger.files.reject_claimed(bad, RUN, "unreadable", "It is broken.")

        assert (record.state, record.reason, record.detail, record.run_id) == (
            FileState.REJECTED,
            "unreadable",
            "It is broken.",
            RUN,
        )
        assert state(ledger, other) is FileState.CLAIMED
        assert ledger.files.reject_claimed(record, RUN, "unreadable", "again") == record

    def test_what_another_run_has_claimed_or_loaded_is_left_alone(self, ledger):
        [file] = claimed(ledger, "a.csv")
        ledger.runs.loaded(RUN, [file.file_id])

        assert ledger.files.reject_claimed(file, RUN, "unreadable", "").state is FileState.LOADED

        [other] = claimed(ledger, "b.csv")
        assert ledger.files.reject_claimed(other, OTHER_RUN, "unreadable", "").state is FileState.CLAIMED

    def test_the_same_content_dropped_again_takes_its_place(self, ledger):
        bad = good(ledger, "a.csv")
        ledger.locks.acquire("transactions", RUN)
        ledger.runs.claim(RUN, [bad])
        ledger.files.reject_claimed(ledger.files.get(bad.file_id), RUN, "unreadable", "It is broken.")

        assert good(ledger, "b.csv").state is FileState.VALIDATED
        assert waiting(ledger) == ["b.csv"]

    @pytest.mark.parametrize("reason", ["object_missing", "superseded"])
    def test_a_duplicate_takes_the_place_of_a_file_whose_object_is_gone(self, ledger, reason):
        gone, heir = good(ledger, "a.csv"), good(ledger, "b.csv")
        ledger.locks.acquire("transactions", RUN)
        ledger.runs.claim(RUN, [gone])

        record = ledger.files.reject_claimed(ledger.files.get(gone.file_id), RUN, reason, "It is gone.")

        assert (record.state, record.duplicate_of) == (FileState.DUPLICATE, heir.file_id)
        assert waiting(ledger) == ["b.csv"]

    def test_a_duplicate_of_unreadable_content_is_as_unreadable(self, ledger):
        bad, twin = good(ledger, "a.csv"), good(ledger, "b.csv")
        ledger.locks.acquire("transactions", RUN)
        ledger.runs.claim(RUN, [bad])

        assert ledger.files.reject_claimed(bad, RUN, "unreadable", "").state is FileState.REJECTED
        assert state(ledger, twin) is FileState.DUPLICATE

    def test_a_duplicate_that_joins_at_that_moment_is_not_overlooked(self, racing):
        ledger, client = racing
        gone, joining = good(ledger, "a.csv"), receive(ledger, "b.csv")
        ledger.locks.acquire("transactions", RUN)
        ledger.runs.claim(RUN, [gone])
        gone = ledger.files.get(gone.file_id)
        client.before_write = lambda: ledger.files.validated(joining.file_id, CONTENT)

        ledger.files.reject_claimed(gone, RUN, "object_missing", "")

        assert waiting(ledger) == ["b.csv"]


class TestClaim:
    def test_claimed_files_wait_no_longer_and_belong_to_the_run(self, ledger):
        files = claimed(ledger, "a.csv", "b.csv")

        assert {file.state for file in files} == {FileState.CLAIMED}
        assert {file.run_id for file in files} == {RUN}
        assert ledger.runs.files(RUN) == files
        assert waiting(ledger) == []

    @pytest.mark.usefixtures("transactions_that_copy_nothing")
    def test_more_files_than_one_transaction_holds(self, ledger):
        files = claimed(ledger, *(f"{n:03}.csv" for n in range(70)))

        assert {file.state for file in files} == {FileState.CLAIMED}
        assert len(ledger.runs.files(RUN)) == 70

    def test_a_file_that_is_no_longer_waiting_does_not_keep_the_others_back(self, ledger):
        gone, other = good(ledger, "a.csv"), good(ledger, "b.csv", CONTENT.model_copy(update={"sha256": "b"}))
        ledger.files.set_aside(gone, "object_missing", "")
        ledger.locks.acquire("transactions", RUN)

        ledger.runs.claim(RUN, [gone, other])

        assert [file.key for file in ledger.runs.files(RUN)] == [other.key]
        assert state(ledger, gone) is FileState.FAILED

    def test_a_run_without_the_lock_claims_nothing(self, ledger):
        record = good(ledger)
        ledger.locks.acquire("transactions", OTHER_RUN)

        with pytest.raises(LockHeldError, match=RUN):
            ledger.runs.claim(RUN, [record])

        assert state(ledger, record) is FileState.VALIDATED
        assert waiting(ledger) == ["a.csv"]


class TestRuns:
    COUNTS = RowCounts(read=10, published=8, quarantined=1, duplicate=1)

    def test_a_run_succeeds_once_with_its_counts(self, ledger):
        files = claimed(ledger, "a.csv", "b.csv")
        ledger.runs.loaded(RUN, [file.file_id for file in files])

        run = ledger.runs.finish(RUN, self.COUNTS, "s3://artifacts/transform.json")

        assert (run.state, run.files, run.counts) == (RunState.SUCCEEDED, 2, self.COUNTS)
        assert ledger.runs.finish(RUN, self.COUNTS, "elsewhere") == run
        assert {file.state for file in ledger.runs.files(RUN)} == {FileState.LOADED}

    def test_only_the_files_that_were_loaded_change_their_state(self, ledger):
        loaded, kept = claimed(ledger, "a.csv", "b.csv")

        ledger.runs.loaded(RUN, [loaded.file_id])

        assert state(ledger, kept) is FileState.CLAIMED

    def test_a_failed_run_fails_its_files_and_keeps_the_cause(self, ledger):
        (file,) = claimed(ledger, "a.csv")

        assert ledger.runs.fail(RUN, "GlueJobFailed", "jr_1: out of memory") is True

        run = ledger.runs.get(RUN)
        assert (run.state, run.error, run.cause, run.files) == (
            RunState.FAILED,
            "GlueJobFailed",
            "jr_1: out of memory",
            1,
        )
        assert state(ledger, file) is FileState.FAILED
        assert "out of memory" in ledger.files.get(file.file_id).detail

    def test_failing_twice_is_failing_once(self, ledger):
        claimed(ledger, "a.csv")
        ledger.runs.fail(RUN, "GlueJobFailed", "first")

        assert ledger.runs.fail(RUN, "Other", "second") is False
        assert ledger.runs.get(RUN).error == "GlueJobFailed"

    def test_a_succeeded_run_cannot_fail(self, ledger):
        files = claimed(ledger, "a.csv")
        ledger.runs.loaded(RUN, [file.file_id for file in files])
        ledger.runs.finish(RUN, self.COUNTS, "")

        assert ledger.runs.fail(RUN, "States.Timeout", "") is False
        assert ledger.runs.get(RUN).state is RunState.SUCCEEDED

    def test_a_run_that_fails_before_it_is_on_record_is_put_there(self, ledger):
        assert ledger.runs.fail(RUN, "Lambda.Unknown", "claim timed out") is True

        assert [run.run_id for run in ledger.runs.list("transactions")] == [RUN]

    def test_a_late_failure_does_not_touch_files_another_run_has_claimed_since(self, ledger):
        (file,) = claimed(ledger, "a.csv")
        ledger.runs.fail(RUN, "GlueJobFailed", "")
        ledger.locks.release("transactions", RUN)
        ledger.locks.acquire("transactions", OTHER_RUN)
        ledger.runs.claim(OTHER_RUN, [ledger.files.requeue(file.file_id)])

        ledger.runs.fail(RUN, "GlueJobFailed", "late")
        ledger.runs.loaded(RUN, [file.file_id])

        assert state(ledger, file) is FileState.CLAIMED

    def test_runs_are_listed_newest_first(self, ledger):
        ledger.runs.start(RUN)
        ledger.runs.start(OTHER_RUN)

        assert [run.run_id for run in ledger.runs.list("transactions")] == [OTHER_RUN, RUN]
        assert len(ledger.runs.list("transactions", limit=1)) == 1


class TestLock:
    def test_one_run_at_a_time(self, ledger):
        assert ledger.locks.acquire("transactions", RUN)
        assert ledger.locks.acquire("transactions", RUN)
        assert not ledger.locks.acquire("transactions", OTHER_RUN)
        assert ledger.locks.acquire("customers", OTHER_RUN)

    def test_only_the_holder_releases(self, ledger):
        ledger.locks.acquire("transactions", RUN)

        assert not ledger.locks.release("transactions", OTHER_RUN)
        assert ledger.locks.release("transactions", RUN)
        assert ledger.locks.get("transactions") is None

    def test_of_two_that_take_over_from_the_dead_one_wins(self, ledger):
        ledger.locks.acquire("transactions", RUN)

        assert ledger.locks.take_over("transactions", RUN, OTHER_RUN)
        assert not ledger.locks.take_over("transactions", RUN, "transactions-20260131T085000-cccccc")
        assert ledger.locks.get("transactions").run_id == OTHER_RUN

    def test_the_execution_is_noted_only_for_the_holder(self, ledger):
        ledger.locks.acquire("transactions", RUN)

        ledger.locks.note_execution("transactions", OTHER_RUN, "arn:other")
        assert ledger.locks.get("transactions").execution_arn is None
        ledger.locks.note_execution("transactions", RUN, "arn:mine")
        assert ledger.locks.get("transactions").execution_arn == "arn:mine"


class TestStale:
    @pytest.fixture
    def refresh(self, ledger):
        """Begin a refresh that claims what is stale; returns what it got."""

        def begin(run_id=REFRESH_RUN):
            ledger.runs.start(run_id)
            return names(ledger.stale.claim(run_id))

        return begin

    def test_a_mark_keeps_whose_rows_changed_and_which(self, ledger):
        scope = Scope(
            days=(DayRange(first=date(2026, 1, 30), last=None),),
            keys=(KeySource(table="processed.b", key="id", days=of_days([date(2026, 1, 31)])),),
        )

        ledger.stale.mark(RUN, "processed.a", scope)

        assert ledger.stale.pending() == [StaleMark(table="processed.a", run_id=RUN, scope=scope)]
        assert ledger.has_pending(Workflow.REFRESH)

    def test_marking_twice_is_marking_once(self, ledger):
        ledger.stale.mark(RUN, "processed.a", WHOLE)
        ledger.stale.mark(RUN, "processed.a", WHOLE)

        assert len(ledger.stale.pending()) == 1

    def test_each_run_and_each_table_is_a_mark_of_its_own(self, ledger):
        for run_id, table in ((RUN, "a"), (RUN, "b"), (OTHER_RUN, "a")):
            ledger.stale.mark(run_id, f"processed.{table}", WHOLE)

        assert len(ledger.stale.pending()) == 3

    def test_a_refresh_takes_all_that_waits_and_keeps_it_on_record(self, ledger, refresh):
        mark(ledger, "a", "b")

        assert refresh() == ["a", "b"]

        assert ledger.stale.pending() == []
        assert not ledger.has_pending(Workflow.REFRESH)
        ledger.runs.finish(REFRESH_RUN, None, "s3://artifacts/report.json")
        assert names(ledger.stale.of_run(REFRESH_RUN)) == ["a", "b"]
        assert ledger.runs.get(REFRESH_RUN).counts is None

    def test_claiming_twice_gives_the_same_and_what_came_in_between(self, ledger, refresh):
        mark(ledger, "a")
        refresh()
        mark(ledger, "b")

        assert refresh() == ["a", "b"]

    def test_what_becomes_stale_during_a_refresh_waits_for_the_next(self, ledger, refresh):
        mark(ledger, "a")
        refresh()
        mark(ledger, "b")
        ledger.runs.finish(REFRESH_RUN, None, "")

        assert ledger.has_pending(Workflow.REFRESH)
        assert refresh(OTHER_REFRESH) == ["b"]

    def test_the_same_change_marked_again_during_a_refresh_is_not_lost(self, ledger, refresh):
        mark(ledger, "a")
        refresh()
        mark(ledger, "a")

        assert ledger.has_pending(Workflow.REFRESH)
        assert refresh(OTHER_REFRESH) == ["a"]

    @pytest.mark.usefixtures("transactions_that_copy_nothing")
    @pytest.mark.parametrize("count", [49, 50, 120])
    def test_more_marks_than_one_transaction_holds(self, ledger, refresh, count):
        tables = [f"t{number:03}" for number in range(count)]
        mark(ledger, *tables)

        assert refresh() == tables
        assert ledger.stale.pending() == []

        ledger.runs.fail(REFRESH_RUN, "GlueJobFailed", "")
        assert names(ledger.stale.of_failed_refreshes()) == tables
        assert refresh(OTHER_REFRESH) == tables

    def test_a_refresh_that_fails_leaves_its_tables_stale_but_does_not_ask_for_another(self, ledger, refresh):
        mark(ledger, "a")
        refresh()

        assert ledger.runs.fail(REFRESH_RUN, "RefreshError", "broken") is True

        assert names(ledger.stale.of_failed_refreshes()) == names(ledger.stale.pending()) == ["a"]
        assert [mark.retried for mark in ledger.stale.pending()] == [True]
        assert ledger.stale.of_run(REFRESH_RUN) == []
        assert not ledger.has_pending(Workflow.REFRESH)

    def test_the_next_refresh_also_takes_what_failed(self, ledger, refresh):
        mark(ledger, "a")
        refresh()
        ledger.runs.fail(REFRESH_RUN, "RefreshError", "broken")
        mark(ledger, "b")

        assert refresh(OTHER_REFRESH) == ["a", "b"]
        assert ledger.stale.pending() == []

    def test_a_succeeded_refresh_cannot_fail_later(self, ledger, refresh):
        mark(ledger, "a")
        refresh()
        ledger.runs.finish(REFRESH_RUN, None, "")

        assert ledger.runs.fail(REFRESH_RUN, "States.Timeout", "") is False
        assert ledger.stale.pending() == []

    def test_a_late_failure_does_not_touch_what_another_refresh_has_taken_since(self, ledger, refresh):
        mark(ledger, "a")
        refresh()
        ledger.runs.fail(REFRESH_RUN, "RefreshError", "")
        refresh(OTHER_REFRESH)

        ledger.runs.fail(REFRESH_RUN, "RefreshError", "late")

        assert names(ledger.stale.of_run(OTHER_REFRESH)) == ["a"]
        assert ledger.stale.pending() == []

    def test_of_two_refreshes_that_claim_at_once_each_mark_goes_to_one(self, ledger, racing, refresh):
        mark(ledger, "a", "b")
        ledger.runs.start(REFRESH_RUN)
        slow, client = racing
        client.before_write = lambda: (refresh(OTHER_REFRESH), mark(ledger, "c"))

        assert names(slow.stale.claim(REFRESH_RUN)) == []
        assert names(ledger.stale.of_run(OTHER_REFRESH)) == ["a", "b"]
        assert names(ledger.stale.pending()) == ["c"]

    def test_a_claim_that_was_beaten_to_some_marks_gets_the_others(self, ledger, racing, refresh):
        mark(ledger, "a")
        ledger.runs.start(REFRESH_RUN)
        slow, _ = racing
        query = slow.stale._table.query

        def with_one_more(*place):
            found = query(*place)
            return [*found, {**found[0], "sk": f"{RUN}#processed.b"}] if found and len(found) == 1 else found

        mark(ledger, "b")
        ledger.files._table.write(delete(Key("PENDING#refresh", f"{RUN}#processed.b")))  # another call has moved it
        slow.stale._table.query = with_one_more

        slow.stale.claim(REFRESH_RUN)

        assert names(ledger.stale.of_run(REFRESH_RUN)) == ["a"]
        assert ledger.stale.pending() == []

    def test_a_claim_still_at_work_when_its_run_is_failed_takes_nothing_with_it(self, ledger, racing):
        mark(ledger, "a")
        ledger.runs.start(REFRESH_RUN)
        slow, client = racing
        client.before_write = lambda: ledger.runs.fail(REFRESH_RUN, "ExecutionAborted", "by hand")

        assert slow.stale.claim(REFRESH_RUN) == []
        assert ledger.has_pending(Workflow.REFRESH)

    def test_a_claim_in_the_middle_of_a_failure_loses_nothing(self, ledger, racing):
        mark(ledger, "a")
        ledger.runs.start(REFRESH_RUN)
        failing, client = racing

        def claims_before_the_end():
            client.before_write = lambda: ledger.stale.claim(REFRESH_RUN)

        client.before_write = claims_before_the_end  # the first write finds the run recorded

        failing.runs.fail(REFRESH_RUN, "ExecutionAborted", "by hand")

        assert names(ledger.stale.pending()) == ["a"]

    def test_two_that_fail_a_refresh_at_once_release_each_mark_once(self, ledger, racing, refresh):
        mark(ledger, "a", "b")
        refresh()
        ledger.runs._end_run(REFRESH_RUN, RunState.FAILED, {})
        slow, client = racing

        def overtaken():
            client.before_write = lambda: (ledger.runs.fail(REFRESH_RUN, "E", ""), refresh(OTHER_REFRESH))

        client.before_write = overtaken  # the first write finds the run recorded

        slow.runs.fail(REFRESH_RUN, "E", "")

        assert names(ledger.stale.of_run(OTHER_REFRESH)) == ["a", "b"]
        assert ledger.stale.pending() == []

    def test_a_failed_run_of_files_has_no_marks_to_release(self, ledger):
        mark(ledger, "a")
        claimed(ledger, "a.csv")

        ledger.runs.fail(RUN, "GlueJobFailed", "")

        assert names(ledger.stale.pending()) == ["a"]
        assert ledger.stale.of_failed_refreshes() == []


def mark(ledger, *tables):
    for table in tables:
        ledger.stale.mark(RUN, f"processed.{table}", WHOLE)


def names(marks):
    return [mark.table.removeprefix("processed.") for mark in sorted(marks, key=lambda mark: mark.table)]


def test_a_table_that_stays_busy_is_a_transient_error(dynamodb):
    class Busy:
        def transact_write_items(self, **_):
            raise dynamodb.exceptions.TransactionCanceledException(
                {
                    "Error": {"Code": "TransactionCanceledException", "Message": ""},
                    "CancellationReasons": [{"Code": "TransactionConflict"}],
                },
                "TransactWriteItems",
            )

    with pytest.raises(TransientError, match="try again"):
        Ledger(TABLE, Busy()).locks.release("transactions", RUN)


class TestPages:
    """DynamoDB answers in pieces; a client that does so with every item."""

    class OneByOne:
        def __init__(self):
            self.left = [{"sk": {"S": name}, "pk": {"S": "p"}} for name in ("a", "b", "c")]

        def query(self, **request):
            start = int(request.get("ExclusiveStartKey", 0))
            return {"Items": [self.left[start]], **({"LastEvaluatedKey": start + 1} if start < 2 else {})}

        def batch_get_item(self, **request):
            wanted = request["RequestItems"][TABLE]["Keys"]
            unread = {TABLE: {"Keys": wanted[1:]}} if wanted[1:] else {}
            return {"Responses": {TABLE: wanted[:1]}, "UnprocessedKeys": unread}

    @pytest.fixture
    def table(self, monkeypatch):
        monkeypatch.setattr(ledger_table, "time", SimpleNamespace(sleep=lambda _: None))
        return ledger_table.Table(TABLE, self.OneByOne())

    def test_all_pages_of_a_query_are_read(self, table):
        assert [item["sk"] for item in table.query("p")] == ["a", "b", "c"]

    def test_a_limit_ends_the_reading(self, table):
        assert [item["sk"] for item in table.query("p", limit=2)] == ["a", "b"]

    def test_what_a_batch_left_unread_is_asked_for_again(self, table):
        keys = [ledger_table.Key("p", name) for name in ("a", "b", "c")]

        assert [item["sk"] for item in table.get_many(keys)] == ["a", "b", "c"]

    def test_a_batch_that_is_never_finished_is_a_transient_error(self, table):
        keys = [ledger_table.Key("p", f"{n}") for n in range(20)]

        with pytest.raises(TransientError, match="unread"):
            table.get_many(keys)
