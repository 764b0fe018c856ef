"""A backfill from its request to its manifest and back: ledger, coordinator, claimer and recorder on one account."""

from datetime import date, timedelta
from typing import ClassVar

import pytest

from cartlake.aws import s3
from cartlake.ledger import Backfill, Content, FileState, Ledger, LockHeldError, ObjectVersion, RunState
from cartlake.runs.documents import FileCount, FileFormat, Load, Manifest, RowCounts, TransformReport
from cartlake.times import utc_now
from lambdas.batch_claimer import domain, handler
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
            request_id=request_id, dataset="transactions", first=day, last=day, requested_at=f"2026-02-01#{request_id}"
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

    def succeed(run_id=BACKFILL):
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
        assert ledger.runs.get(BACKFILL).backfill == request_backfill()
        assert ledger.backfills.pending("transactions") == []

    def test_claiming_again_gives_the_same_batch(self, ledger, request_backfill, drop, load, claim, manifest):
        drop()
        load()
        ledger.backfills.request(request_backfill())
        first, entries = claim(), manifest().files

        assert claim() == first
        assert [file.file_id for file in manifest().files] == [file.file_id for file in entries]

    def test_two_backfills_are_two_runs_and_then_files_have_their_turn(
        self, ledger, request_backfill, drop, load, claim, record
    ):
        drop("a.csv")
        load()
        drop("b.csv")
        ledger.backfills.request(request_backfill("one"))
        ledger.backfills.request(request_backfill("two"))

        runs = []
        for number in range(3):
            run_id = f"transactions-2026020{number + 1}T090000-bbbbbb"
            answer = claim(run_id)
            runs.append((answer["backfill"], answer["file_count"]))
            record(run_id)

        assert runs == [(True, 1), (True, 1), (False, 1)]

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

    def test_a_run_that_lost_the_dataset_takes_no_backfill(self, ledger, request_backfill, drop, load):
        drop()
        load()
        ledger.backfills.request(request_backfill())
        ledger.locks.acquire("transactions", LATER)

        with pytest.raises(LockHeldError):
            ledger.backfills.claim(BACKFILL, request_backfill())

        assert ledger.backfills.pending("transactions") == [request_backfill()]


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
        ledger.backfills.request(request_backfill("two"))

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
        return len(ledger.backfills.loaded_between("transactions", first, last))

    one = timedelta(days=1)
    assert [found(day, day), found(day - one, day), found(day, day + one)] == [1, 1, 1]
    assert [found(day - one, day - one), found(day + one, day + one)] == [0, 0]


def test_a_backfill_that_waits_can_be_taken_back(ledger, request_backfill):
    ledger.backfills.request(request_backfill())

    assert ledger.backfills.withdraw(request_backfill())
    assert not ledger.backfills.withdraw(request_backfill())
    assert not ledger.has_pending("transactions")
