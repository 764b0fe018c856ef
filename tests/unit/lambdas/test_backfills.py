"""A backfill from its request to its manifest and back: ledger, coordinator, claimer and recorder on one account."""

from datetime import date, timedelta
from typing import ClassVar

import pytest

from cartlake.aws import s3
from cartlake.ledger import (
    Backfill,
    BackfillOpenError,
    BackfillState,
    Content,
    FileState,
    Ledger,
    LockHeldError,
    ObjectVersion,
    RunState,
)
from cartlake.runs.documents import FileCount, FileFormat, Load, Manifest, RowCounts, TransformReport
from cartlake.runs.slicing import SliceLimits
from cartlake.times import stamp, utc_now
from lambdas.batch_claimer import backfills, domain, handler
from lambdas.batch_claimer.domain import BackfillError
from lambdas.run_coordinator.domain import Coordinator, ExecutionState, Outcome
from lambdas.run_recorder import handler as recorder

LOADING = "transactions-20260131T083000-aaaaaa"
BACKFILL = "transactions-20260201T083000-bbbbbb"
LATER = "transactions-20260202T083000-cccccc"
COUNTS = RowCounts(read=1, published=1, quarantined=0, duplicate=0)


@pytest.fixture
def ledger(account):
    return Ledger("ledger", account.dynamodb)


@pytest.fixture
def request_backfill():
    """A backfill of today's files, or of other days."""

    def make(request_id="one", days_ago=0):
        day = utc_now().date() - timedelta(days=days_ago)
        return Backfill(
            request_id=request_id, dataset="transactions", first=day, last=day, requested_at=stamp(utc_now())
        )

    return make


@pytest.fixture
def drop(account, ledger):
    def put(name="a.csv", body=None, version="1.0.0"):
        body = body or name.encode()
        landed = account.drop(f"incoming/transactions/{name}", body)["object"]
        found = Content(
            sha256=body.hex(), contract_version=version, format=FileFormat(kind="csv", header=["a"]), row_estimate=1
        )
        object_version = ObjectVersion(
            bucket="raw", key=landed["key"], version_id=landed["version-id"], etag=landed["etag"], size=len(body)
        )
        return ledger.files.validated(ledger.files.receive("transactions", object_version).file_id, found)

    return put


@pytest.fixture
def load(ledger):
    """Load all files that wait, as one run."""

    def run(run_id=LOADING):
        assert ledger.locks.acquire("transactions", run_id)
        ledger.runs.start(run_id)
        waiting = ledger.files.pending("transactions")
        ledger.runs.claim(run_id, waiting)
        ledger.runs.loaded(run_id, [file.file_id for file in waiting])
        ledger.runs.finish(run_id, COUNTS, "s3://artifacts/transform.json")
        ledger.locks.release("transactions", run_id)

    return run


@pytest.fixture
def claim(account, lambda_context):
    return lambda run_id=BACKFILL: handler.lambda_handler({"dataset": "transactions", "run_id": run_id}, lambda_context)


@pytest.fixture
def manifest(account):
    return lambda run_id=BACKFILL: Manifest.model_validate(
        account.read_json(f"s3://artifacts/runs/{run_id}/manifest.json")
    )


@pytest.fixture
def record(account, ledger, lambda_context, monkeypatch, bus):
    """The last step of a run that read one row of each of its files."""
    monkeypatch.setattr(recorder, "event_bus", lambda: bus)

    def succeed(run_id=BACKFILL, **counted):
        files = ledger.runs.files(run_id)
        report = TransformReport(
            run_id=run_id,
            dataset="transactions",
            table="processed.transactions",
            branch="audit",
            snapshot_id="7",
            base_snapshot_id="6",
            rows=RowCounts(read=len(files), published=len(files), quarantined=0, duplicate=0),
            files=[FileCount(file_id=file.file_id, rows_read=1) for file in files],
            touched_days=["2026-01-31"],
            started_at="",
            ended_at="",
            **counted,
        )
        uri = f"s3://artifacts/runs/{run_id}/transform.json"
        account.write(uri, report.model_dump_json())
        about = {"run_id": run_id, "report_uri": uri}
        recorder.lambda_handler({"action": "record", "published_snapshot_id": "7", **about}, lambda_context)
        ledger.locks.release("transactions", run_id)

    return succeed


class TestClaiming:
    def test_the_loaded_files_of_the_window_are_read_again_and_stay_loaded(
        self, ledger, request_backfill, drop, load, claim, manifest
    ):
        files = [drop("a.csv"), drop("b.csv")]
        load()
        drop("new.csv")
        ledger.backfills.request(request_backfill())

        answer = claim()

        assert (answer["backfill"], answer["file_count"]) == (True, 2)
        written = manifest()
        assert written.backfill
        assert [file.file_id for file in written.files] == [file.file_id for file in files]
        assert written.files[0].loads == [Load(source_file=files[0].uri, run_id=LOADING)]
        assert {ledger.files.get(file.file_id).state for file in files} == {FileState.LOADED}
        assert {ledger.files.get(file.file_id).run_id for file in files} == {LOADING}
        assert [file.key[-7:] for file in ledger.files.pending("transactions")] == ["new.csv"]
        assert (str(ledger.runs.get(BACKFILL).slice), ledger.runs.get(BACKFILL).slice.files) == (
            str(utc_now().date()),
            2,
        )
        assert not ledger.backfills.has_pending("transactions")

    def test_claiming_again_gives_the_same_batch(self, ledger, request_backfill, drop, load, claim, manifest):
        drop()
        load()
        ledger.backfills.request(request_backfill())
        first, entries = claim(), manifest().files

        assert claim() == first
        assert [file.file_id for file in manifest().files] == [file.file_id for file in entries]

    def test_a_window_without_files_is_refused(self, ledger, request_backfill, drop, load, claim):
        drop()
        load()
        ledger.backfills.request(request_backfill(days_ago=3))

        with pytest.raises(BackfillError, match="No file of transactions"):
            claim()

        assert not ledger.has_pending("transactions")  # it does not come back, run after run

    def test_too_many_files_are_refused(self, ledger, request_backfill, drop, load, claim, monkeypatch):
        monkeypatch.setattr(domain, "MAX_BACKFILL_FILES", 1)
        drop("a.csv")
        drop("b.csv")
        load()
        ledger.backfills.request(request_backfill())

        with pytest.raises(BackfillError, match="Backfill fewer days"):
            claim()

    @pytest.mark.usefixtures("transactions_that_copy_nothing")
    def test_more_files_than_a_transaction_takes_are_all_noted(self, ledger, request_backfill, drop, load, claim):
        for number in range(60):
            drop(f"{number}.csv")
        load()
        ledger.backfills.request(request_backfill())

        assert claim()["file_count"] == 60
        assert len(ledger.runs.files(BACKFILL)) == 60

    def test_an_overwritten_version_is_read_from_a_copy_under_a_name_of_its_own(
        self, account, ledger, request_backfill, drop, load, claim, manifest
    ):
        old = drop("a.csv", b"old")
        load()
        new = drop("a.csv", b"new")
        load(LATER)
        ledger.backfills.request(request_backfill())

        claim()

        first, second = manifest().files
        assert account.read(first.uri) == b"old"
        assert first.uri.startswith(f"s3://artifacts/staging/{BACKFILL}/{old.file_id}/")
        assert first.source_file == f"{old.uri}?versionId={old.version_id}"
        assert first.etag == account.s3.head_object(Bucket="artifacts", Key=first.uri[15:])["ETag"].strip('"')
        assert (second.uri, second.source_file, second.source) == (new.uri, new.uri, None)

    def test_a_version_that_exists_no_more_stops_it_before_anything_is_done(
        self, account, ledger, request_backfill, drop, load, claim
    ):
        kept, lost = drop("a.csv"), drop("b.csv")
        load()
        account.s3.delete_object(Bucket="raw", Key=lost.key, VersionId=lost.version_id)
        ledger.backfills.request(request_backfill())

        with pytest.raises(BackfillError, match=rf"1 raw files were deleted.*{lost.key}"):
            claim()

        assert ledger.files.get(kept.file_id).loads == [Load(source_file=kept.uri, run_id=LOADING)]
        assert ledger.runs.files(BACKFILL) == []

    def test_an_object_behind_a_delete_marker_is_still_read(
        self, account, ledger, request_backfill, drop, load, claim, manifest
    ):
        file = drop("a.csv", b"rows")
        load()
        account.s3.delete_object(Bucket="raw", Key=file.key)
        ledger.backfills.request(request_backfill())

        claim()

        assert account.read(manifest().files[0].uri) == b"rows"

    def test_a_run_that_lost_the_dataset_takes_no_backfill(self, ledger, request_backfill, drop, load, claim):
        drop()
        load()
        ledger.backfills.request(request_backfill())
        ledger.locks.acquire("transactions", LATER)

        with pytest.raises(LockHeldError):
            claim()

        assert ledger.backfills.has_pending("transactions")


class TestEnd:
    def test_the_files_belong_to_the_backfill_and_the_next_one_replaces_both_readings(
        self, ledger, request_backfill, drop, load, claim, record, manifest
    ):
        file = drop()
        load()
        ledger.backfills.request(request_backfill("one"))
        claim()

        record()

        loaded = ledger.files.get(file.file_id)
        assert (loaded.state, loaded.run_id) == (FileState.LOADED, BACKFILL)
        assert ledger.runs.get(BACKFILL).state is RunState.SUCCEEDED
        assert ledger.runs.get(BACKFILL).files == 1
        ledger.backfills.request(request_backfill("two"))
        claim(LATER)
        assert [load.run_id for load in manifest(LATER).files[0].loads] == [LOADING, BACKFILL]

    def test_a_backfill_that_fails_leaves_its_files_loaded_by_whom_they_were(
        self, ledger, request_backfill, drop, load, claim
    ):
        file = drop()
        load()
        ledger.backfills.request(request_backfill())
        claim()

        ledger.runs.fail(BACKFILL, "AuditFailed", "a rule")

        after = ledger.files.get(file.file_id)
        assert (after.state, after.run_id, after.reason) == (FileState.LOADED, LOADING, None)
        assert ledger.runs.get(BACKFILL).state is RunState.FAILED
        assert not ledger.has_pending("transactions")

    def test_rows_of_a_backfill_that_failed_after_publishing_are_known_to_the_next(
        self, ledger, request_backfill, drop, load, claim, manifest
    ):
        drop()
        load()
        ledger.backfills.request(request_backfill("one"))
        claim()
        ledger.runs.fail(BACKFILL, "Reconciliation", "after its rows were published")
        ledger.locks.release("transactions", BACKFILL)
        assert ledger.backfills.resume(ledger.backfills.get("transactions"), 0)

        claim(LATER)

        assert [load.run_id for load in manifest(LATER).files[0].loads] == [LOADING, BACKFILL]

    def test_rows_of_a_load_that_failed_after_publishing_are_known_too(
        self, ledger, request_backfill, drop, load, claim, manifest
    ):
        file = drop()
        ledger.locks.acquire("transactions", LOADING)
        ledger.runs.start(LOADING)
        ledger.runs.claim(LOADING, ledger.files.pending("transactions"))
        ledger.runs.fail(LOADING, "Reconciliation", "after its rows were published")
        ledger.locks.release("transactions", LOADING)
        ledger.files.requeue(file.file_id)
        load(LATER)
        ledger.backfills.request(request_backfill())

        claim()

        assert [load.run_id for load in manifest().files[0].loads] == [LOADING, LATER]

    def test_under_a_new_major_version_the_same_content_still_counts_once(
        self, ledger, request_backfill, drop, load, claim, record, monkeypatch
    ):
        first = drop("a.csv", b"rows")
        load()
        ledger.backfills.request(request_backfill())
        claim()
        uri = "s3://artifacts/runs/" + BACKFILL + "/manifest.json"
        written = s3.read_model(uri, Manifest)
        s3.write_text(uri, written.model_copy(update={"contract_version": "2.0.0"}).model_dump_json())
        record()

        again = drop("b.csv", b"rows", version="2.0.0")

        assert ledger.files.get(first.file_id).contract_version == "2.0.0"
        assert (again.state, again.duplicate_of) == (FileState.DUPLICATE, first.file_id)


class TestRouting:
    @pytest.fixture
    def coordinator(self, ledger):
        class Executions:
            states: ClassVar = {}

            def state(self, run_id):
                return self.states.get(run_id, ExecutionState.NEVER_STARTED)

            def start(self, _dataset, run_id, _request=None):
                self.states[run_id] = ExecutionState.RUNNING
                return f"arn:{run_id}"

        numbers = iter(range(1, 100))
        return Coordinator(ledger, Executions(), lambda subject: f"{subject}-20260131T090000-{next(numbers):06x}")

    def test_a_backfill_starts_a_run(self, coordinator, ledger, request_backfill):
        assert coordinator.start("transactions").outcome is Outcome.NOTHING_PENDING
        ledger.backfills.request(request_backfill())

        assert coordinator.start("transactions").outcome is Outcome.STARTED

    def test_it_waits_for_the_run_at_work_and_starts_when_that_is_done(
        self, coordinator, ledger, request_backfill, drop
    ):
        drop()
        first = coordinator.start("transactions").run_id
        ledger.backfills.request(request_backfill())

        assert coordinator.start("transactions").outcome is Outcome.ALREADY_RUNNING
        ledger.runs.claim(first, ledger.files.pending("transactions"))
        decision = coordinator.release("transactions", first)

        assert decision.outcome is Outcome.STARTED
        assert decision.run_id != first


def test_days_are_those_of_the_first_reception_and_both_ends_count(ledger, drop, load):
    file = drop()
    load()
    day = date.fromisoformat(file.received_at[:10])

    def found(first, last):
        return len(ledger.reloads.loaded_between("transactions", first, last))

    one = timedelta(days=1)
    assert [found(day, day), found(day - one, day), found(day, day + one)] == [1, 1, 1]
    assert [found(day - one, day - one), found(day + one, day + one)] == [0, 0]


def test_a_backfill_that_waits_can_be_cancelled(ledger, request_backfill):
    ledger.backfills.request(request_backfill())

    assert ledger.backfills.cancel(ledger.backfills.get("transactions"))
    assert not ledger.backfills.cancel(ledger.backfills.get("transactions"))
    assert not ledger.has_pending("transactions")


class TestSlices:
    """Three files, of which each is a slice of its own: the newest first."""

    RUNS = tuple(f"transactions-2026030{number}T083000-bbbbbb" for number in range(1, 10))

    @pytest.fixture
    def files(self, drop, load, monkeypatch):
        monkeypatch.setattr(backfills, "largest_slice", lambda *_: SliceLimits(1, 1e9, 1e9))
        dropped = [drop("a.csv"), drop("b.csv"), drop("c.csv")]
        load()
        return dropped

    @pytest.fixture
    def requested(self, ledger, files, request_backfill):
        ledger.backfills.request(request_backfill())

    @pytest.fixture
    def read(self, claim, manifest):
        """The files of the next run, by name, and whether they are read again."""

        def run(run_id):
            answer = claim(run_id)
            return answer["backfill"], [file.uri[-5:] for file in manifest(run_id).files]

        return run

    def state(self, ledger):
        return ledger.backfills.get("transactions").state

    def test_each_is_a_run_and_they_go_back_in_time(self, ledger, requested, read, record):
        done = []
        for run_id in self.RUNS[:3]:
            done.append(read(run_id))
            record(run_id)

        assert done == [(True, ["c.csv"]), (True, ["b.csv"]), (True, ["a.csv"])]
        assert (self.state(ledger), ledger.has_pending("transactions")) == (BackfillState.DONE, False)
        backfill = ledger.backfills.get("transactions")
        assert [part.run_id for part in ledger.backfills.slices(backfill)] == list(self.RUNS[:3])

    def test_new_files_are_loaded_after_each(self, ledger, requested, drop, read, record):
        drop("d.csv")
        runs = []
        for run_id in self.RUNS[:4]:
            runs.append(read(run_id))
            record(run_id)

        assert runs == [(True, ["c.csv"]), (False, ["d.csv"]), (True, ["b.csv"]), (True, ["a.csv"])]

    def test_each_knows_what_later_ones_read_again(self, requested, files, claim, record, manifest):
        unread = []
        for run_id in self.RUNS[:3]:
            claim(run_id)
            unread.append([load.source_file for load in manifest(run_id).part.unread])
            record(run_id)

        assert unread == [[files[0].uri, files[1].uri], [files[0].uri], []]

    def test_what_had_lost_to_a_row_that_is_withdrawn_is_read_again_once(
        self, ledger, requested, read, record, manifest
    ):
        read(self.RUNS[0])
        record(self.RUNS[0], outranked=2)
        read(self.RUNS[1])
        record(self.RUNS[1], withdrawn=1)
        read(self.RUNS[2])
        assert manifest(self.RUNS[2]).part.before == "6"
        record(self.RUNS[2], lowered=1)

        again = read(self.RUNS[3])
        assert manifest(self.RUNS[3]).part.unread == []
        record(self.RUNS[3])

        assert again == (True, ["c.csv"])
        assert self.state(ledger) is BackfillState.DONE
        backfill = ledger.backfills.get("transactions")
        assert [(one.files, one.again) for one in ledger.backfills.slices(backfill)] == [
            (1, False), (1, False), (1, False), (1, True)
        ]  # fmt: skip

    def test_recording_a_slice_twice_adds_no_slice_twice(self, ledger, requested, read, record):
        read(self.RUNS[0])
        record(self.RUNS[0], outranked=2)
        read(self.RUNS[1])
        record(self.RUNS[1], withdrawn=1)
        record(self.RUNS[1], withdrawn=1)

        assert ledger.backfills.get("transactions").slices == 4

    def test_new_files_that_lost_to_a_row_that_is_withdrawn_are_read_again(
        self, ledger, requested, drop, load, read, record
    ):
        read(self.RUNS[0])
        record(self.RUNS[0])
        drop("d.csv")
        assert read(self.RUNS[1]) == (False, ["d.csv"])
        ledger.runs.loaded(self.RUNS[1], [file.file_id for file in ledger.runs.files(self.RUNS[1])])
        lost = RowCounts(read=1, published=0, quarantined=0, duplicate=1)
        ledger.runs.finish(self.RUNS[1], lost, "")
        ledger.locks.release("transactions", self.RUNS[1])

        read(self.RUNS[2])
        record(self.RUNS[2], lowered=1)
        read(self.RUNS[3])
        record(self.RUNS[3])

        assert read(self.RUNS[4]) == (True, ["d.csv"])

    def test_one_that_fails_stops_the_others_until_it_is_resumed(self, ledger, requested, drop, read, record):
        read(self.RUNS[0])
        record(self.RUNS[0])
        read(self.RUNS[1])
        ledger.runs.fail(self.RUNS[1], "AuditFailed", "a rule")
        ledger.locks.release("transactions", self.RUNS[1])

        assert (self.state(ledger), ledger.has_pending("transactions")) == (BackfillState.FAILED, False)
        drop("d.csv")
        assert read(self.RUNS[2]) == (False, ["d.csv"])  # new files are loaded meanwhile
        record(self.RUNS[2])

        assert ledger.backfills.resume(ledger.backfills.get("transactions"), 1)
        assert read(self.RUNS[3]) == (True, ["b.csv"])
        record(self.RUNS[3])
        assert read(self.RUNS[4]) == (True, ["a.csv"])
        record(self.RUNS[4])
        assert self.state(ledger) is BackfillState.DONE

    def test_one_whose_run_ended_unnoticed_is_not_skipped(self, ledger, requested, read, claim):
        read(self.RUNS[0])
        ledger.locks.take_over("transactions", self.RUNS[0], self.RUNS[1])  # nobody recorded its end

        assert claim(self.RUNS[1])["file_count"] == 0
        assert self.state(ledger) is BackfillState.FAILED

    def test_one_that_lost_its_files_stops_the_backfill(self, account, ledger, requested, files, claim):
        account.s3.delete_object(Bucket="raw", Key=files[2].key, VersionId=files[2].version_id)

        with pytest.raises(BackfillError, match=r"1 raw files were deleted.*c\.csv"):
            claim(self.RUNS[0])
        ledger.runs.fail(self.RUNS[0], "BackfillError", "1 raw files were deleted")

        assert self.state(ledger) is BackfillState.FAILED

    def test_there_is_one_backfill_at_a_time(self, ledger, requested, request_backfill, read, record):
        with pytest.raises(BackfillOpenError, match=r"is not done yet.*--status"):
            ledger.backfills.request(request_backfill("two"))

        for run_id in self.RUNS[:3]:
            read(run_id)
            record(run_id)
        ledger.backfills.request(request_backfill("two"))
        assert ledger.backfills.get("transactions").request_id == "two"

    def test_a_cancelled_one_ends_with_the_slice_at_work(self, ledger, requested, read, record):
        read(self.RUNS[0])
        assert ledger.backfills.cancel(ledger.backfills.get("transactions"))
        record(self.RUNS[0])

        assert (self.state(ledger), ledger.has_pending("transactions")) == (BackfillState.CANCELLED, False)
        assert ledger.runs.get(self.RUNS[0]).state is RunState.SUCCEEDED
