import dataclasses
import math
from datetime import timedelta

import pytest

from cartlake import contracts
from cartlake.aws.objects import Head
from cartlake.contracts import UnknownDatasetError
from cartlake.contracts.custom_properties.deletes import FullCopy
from cartlake.ledger import Content, FileState, Ledger, LockHeldError, NextRun, ObjectVersion, RunState
from cartlake.runs.documents import FileFormat, Manifest
from cartlake.runs.engine_choice import EngineLimits, LoadSize
from cartlake.tables.table_size import TableSize
from cartlake.times import utc_now
from lambdas.batch_claimer import engines, handler
from lambdas.batch_claimer.domain import looked_at, still_there
from lambdas.batch_claimer.settings import Settings

RUN_ID = "transactions-20260131T083000-aaaaaa"
FOLDER = f"s3://artifacts/runs/{RUN_ID}"


@pytest.fixture
def ledger(account):
    return Ledger("ledger", account.dynamodb)


@pytest.fixture
def drop(account, ledger):
    """Drop a file and have it validated; files with the same content have the same body."""

    def put(name="a.csv", body=None):
        body = body or name.encode()
        landed = account.drop(f"incoming/transactions/{name}", body)["object"]
        version = ObjectVersion(
            bucket="raw", key=landed["key"], version_id=landed["version-id"], etag=landed["etag"], size=len(body)
        )
        found = Content(
            sha256=body.hex(), contract_version="1.0.0", format=FileFormat(kind="csv", header=["a"]), row_estimate=1
        )
        return ledger.files.validated(ledger.files.receive("transactions", version).file_id, found)

    return put


@pytest.fixture
def claim(account, lambda_context):
    return lambda run_id=RUN_ID: handler.lambda_handler({"dataset": "transactions", "run_id": run_id}, lambda_context)


def manifest(account):
    return Manifest.model_validate(account.read_json(f"{FOLDER}/manifest.json"))


def test_all_waiting_files_become_one_batch(account, ledger, drop, claim):
    files = [drop("a.csv"), drop("b.csv")]

    answer = claim()

    assert answer == {
        "dataset": "transactions",
        "run_id": RUN_ID,
        "wait_seconds": 0,
        "file_count": 2,
        "backfill": False,
        "manifest_uri": f"{FOLDER}/manifest.json",
        "report_uri": f"{FOLDER}/transform.json",
        "transform_job": "dataset-etl",
        "runner": "light",
        "branch": "audit_transactions_20260131T083000_aaaaaa",
        "table": "processed.transactions",
    }
    written = manifest(account)
    assert [file.file_id for file in written.files] == [file.file_id for file in files]
    assert written.files[0].uri == "s3://raw/incoming/transactions/a.csv"
    assert written.files[0].version_id == files[0].version_id
    assert {file.state for file in ledger.files.list()} == {FileState.CLAIMED}
    assert ledger.runs.get(RUN_ID).state is RunState.RUNNING


def test_nothing_waiting_leaves_no_trace(account, ledger, claim):
    answer = claim()

    assert (answer["file_count"], answer["manifest_uri"]) == (0, "")
    assert ledger.runs.get(RUN_ID) is None
    assert "Contents" not in account.s3.list_objects_v2(Bucket="artifacts")


def test_claiming_again_gives_the_same_batch(account, ledger, drop, claim):
    drop("a.csv")
    first = claim()
    before = manifest(account).files

    assert claim() == first
    assert manifest(account).files == before


def test_a_claim_that_crashed_before_its_manifest_is_completed(account, ledger, drop, claim, monkeypatch):
    drop("a.csv")
    with monkeypatch.context() as crash:
        crash.setattr(handler, "write_manifest", lambda *_: (_ for _ in ()).throw(TimeoutError))
        with pytest.raises(TimeoutError):
            claim()
    drop("b.csv")

    assert claim()["file_count"] == 2
    assert [file.uri[-5:] for file in manifest(account).files] == ["a.csv", "b.csv"]


def test_a_batch_is_bounded_and_the_rest_waits(ledger, drop, claim, monkeypatch):
    monkeypatch.setattr(handler, "MAX_FILES", 2)
    for name in ("a.csv", "b.csv", "c.csv"):
        drop(name)

    assert claim()["file_count"] == 2
    assert [file.key[-5:] for file in ledger.files.pending("transactions")] == ["c.csv"]


class TestManyLargeFiles:
    """Files of 200 MB, of which the light engine may load one a run."""

    @pytest.fixture
    def drop_large(self, account, ledger):
        def put(*names, megabytes=200):
            for name in names:
                landed = account.drop(f"incoming/transactions/{name}", name.encode())["object"]
                version = ObjectVersion(
                    bucket="raw", key=landed["key"], version_id=landed["version-id"], etag=landed["etag"], size=5
                )
                form = FileFormat(kind="csv", header=["a"])
                size = megabytes * 1_000_000
                found = Content(sha256=name, contract_version="1.0.0", format=form, row_estimate=1, expanded_size=size)
                ledger.files.validated(ledger.files.receive("transactions", version).file_id, found)

        return put

    def test_those_that_fit_are_taken_and_the_rest_waits_for_the_next_run(self, ledger, drop_large, claim):
        drop_large("a.csv", "b.csv", "c.csv")

        assert [claim()[member] for member in ("runner", "file_count")] == ["light", 1]
        assert [file.key[-5:] for file in ledger.files.pending("transactions")] == ["b.csv", "c.csv"]
        assert claim()["file_count"] == 1

    def test_so_many_that_spark_is_cheaper_are_taken_together(self, drop_large, claim):
        drop_large(*(f"{number}.csv" for number in range(6)))

        assert [claim()[member] for member in ("runner", "file_count")] == ["glue", 6]

    def test_one_that_is_too_large_alone_goes_to_spark_with_the_others(self, drop_large, claim):
        drop_large("a.csv")
        drop_large("b.csv", megabytes=300)

        assert [claim()[member] for member in ("runner", "file_count")] == ["glue", 2]

    def test_where_spark_loads_in_any_case_all_are_taken(self, drop_large, claim, monkeypatch):
        contract = contracts.load("transactions")
        monkeypatch.setattr(handler.contracts, "load", lambda _: dataclasses.replace(contract, engine="spark"))
        drop_large("a.csv", "b.csv")

        assert [claim()[member] for member in ("runner", "file_count")] == ["glue", 2]

    def test_after_a_batch_that_was_too_large_half_of_it_is_taken(self, ledger, drop_large, claim):
        ledger.fallbacks.note("transactions", "r", "Sandbox.Timedout", size=200_000_000, now=utc_now())
        drop_large("a.csv", "b.csv", "c.csv", megabytes=80)

        assert [claim()[member] for member in ("runner", "file_count")] == ["light", 1]


def test_a_deleted_file_fails_and_does_not_keep_the_others_back(account, ledger, drop, claim):
    gone = drop("a.csv")
    drop("b.csv")
    account.s3.delete_object(Bucket="raw", Key=gone.key)

    assert claim()["file_count"] == 1

    file = ledger.files.get(gone.file_id)
    assert (file.state, file.reason) == (FileState.FAILED, "object_missing")
    assert gone.key in file.detail


def test_when_every_file_is_gone_there_is_no_run(account, ledger, drop, claim):
    account.s3.delete_object(Bucket="raw", Key=drop("a.csv").key)

    assert claim()["file_count"] == 0
    assert ledger.runs.get(RUN_ID) is None


def test_an_overwritten_file_is_superseded_by_its_newer_version(ledger, drop, claim, account):
    old = drop("a.csv", b"old")
    new = drop("a.csv", b"new")

    assert claim()["file_count"] == 1

    assert (ledger.files.get(old.file_id).state, ledger.files.get(old.file_id).reason) == (
        FileState.FAILED,
        "superseded",
    )
    assert manifest(account).files[0].version_id == new.version_id


def test_the_same_file_uploaded_twice_to_one_key_is_loaded_once(ledger, drop, claim, account):
    """The second version is a duplicate of the first, and the first is superseded by the second."""
    first, second = drop("a.csv", b"same"), drop("a.csv", b"same")
    assert second.state is FileState.DUPLICATE

    assert claim()["file_count"] == 1

    assert manifest(account).files[0].file_id == second.file_id
    assert ledger.files.get(first.file_id).duplicate_of == second.file_id
    assert {file.state for file in ledger.files.list()} == {FileState.DUPLICATE, FileState.CLAIMED}


def test_a_run_that_does_not_hold_the_dataset_is_refused(ledger, drop, claim):
    file = drop("a.csv")
    ledger.locks.acquire("transactions", "transactions-20260131T080000-ffffff")

    with pytest.raises(LockHeldError, match=RUN_ID):
        claim()

    assert ledger.files.get(file.file_id).state is FileState.VALIDATED


def test_the_run_knows_its_execution(ledger, drop, claim):
    drop("a.csv")
    ledger.locks.acquire("transactions", RUN_ID)
    ledger.locks.note_execution("transactions", RUN_ID, "arn:execution")

    claim()

    assert ledger.runs.get(RUN_ID).execution_arn == "arn:execution"


def test_a_dataset_without_a_contract_is_refused_and_not_locked(ledger, lambda_context):
    with pytest.raises(UnknownDatasetError, match="no contract 'invoices'"):
        handler.lambda_handler({"dataset": "invoices", "run_id": RUN_ID}, lambda_context)

    assert ledger.locks.get("invoices") is None


@pytest.mark.parametrize(
    ("stored", "reason"),
    [
        pytest.param(Head("v1", "e1", 1), None, id="the same version"),
        pytest.param(Head(None, "e1", 1), None, id="versions switched off since"),
        pytest.param(Head("v2", "e1", 1), "superseded", id="a newer version"),
        pytest.param(Head(None, "e2", 1), "superseded", id="other content"),
        pytest.param(None, "object_missing", id="nothing"),
    ],
)
def test_what_counts_as_still_there(ledger, drop, stored, reason):
    file = drop("a.csv").model_copy(update={"version_id": "v1", "etag": "e1"})

    unfit = still_there(file, stored)

    assert (unfit.reason if unfit else None) == reason


@pytest.fixture
def limits(monkeypatch):
    """Set the limits of the light engine, in MB and rows."""

    def put(**changed):
        found = engines.settings().model_copy(update=changed)
        monkeypatch.setattr(engines, "settings", lambda: found)

    return put


def test_the_engine_and_why_it_was_chosen_stand_in_manifest_and_ledger(account, ledger, drop, claim):
    drop("a.csv")

    assert claim()["runner"] == "light"

    chosen = manifest(account).engine
    assert chosen.engine == "light"
    assert chosen.reason.startswith(
        "0.0 MB and 1 rows in 1 file, of the table the keys and the files of the batch's days"
    )
    assert ledger.runs.get(RUN_ID).engine == chosen


@pytest.mark.parametrize("limit", ["light_max_mb", "light_max_rows", "light_table_max_mb"])
def test_with_a_limit_of_zero_spark_loads_every_batch(account, ledger, drop, claim, limits, limit):
    limits(**{limit: 0})
    drop("a.csv")

    assert claim()["runner"] == "glue"
    assert manifest(account).engine.engine == "spark"


def test_without_limits_the_light_engine_loads_every_batch(account, drop, claim, limits, monkeypatch):
    huge = LoadSize(files=1, stored=10**15, expanded=10**16, rows=10**12, table=10**15)
    monkeypatch.setattr(engines, "load_size", lambda *_arguments, **_named: huge)
    limits(light_max_mb=math.inf, light_max_rows=math.inf, light_table_max_mb=math.inf)
    drop("a.csv")

    assert claim()["runner"] == "light"
    assert manifest(account).engine.reason.endswith("limits any size, any number of rows, any size")


@pytest.mark.parametrize("infinity", ["inf", "Infinity"])
def test_a_limit_may_be_infinite(infinity, monkeypatch):
    monkeypatch.setenv("LIGHT_MAX_MB", infinity)

    assert Settings().limits.expanded == math.inf


def test_the_word_of_the_contract_wins(account, drop, claim, monkeypatch):
    contract = contracts.load("transactions")
    monkeypatch.setattr(handler.contracts, "load", lambda _: dataclasses.replace(contract, engine="spark"))
    drop("a.csv")

    assert claim()["runner"] == "glue"
    assert "the contract says cartlake.engine: spark" in manifest(account).engine.reason


def test_a_batch_as_large_as_one_that_fell_back_goes_to_spark_until_that_is_forgotten(account, ledger, drop, claim):
    drop("a.csv")
    ledger.fallbacks.note("transactions", "r", "Sandbox.Timedout", size=5, now=utc_now())

    assert claim()["runner"] == "glue"
    assert "was too large for the light engine" in manifest(account).engine.reason

    ledger.fallbacks.note("transactions", "r", "Sandbox.Timedout", size=5, now=utc_now() - timedelta(days=8))
    assert claim()["runner"] == "light"


MOVES, STAYS = (contracts.load(name).table for name in ("transactions", "clickstream"))
LIMIT = EngineLimits(1, 1, table=1_000)


@pytest.mark.parametrize(
    ("table", "size", "backfill", "known"),
    [
        pytest.param(MOVES, TableSize(500, 50), False, 500, id="a table within the limit"),
        pytest.param(MOVES, TableSize(5_000, 30), False, None, id="a large one: its keys, and files of some days"),
        pytest.param(MOVES, TableSize(5_000, 60), False, 1_440, id="one whose keys alone are too much"),
        pytest.param(MOVES, TableSize(1_100, 60), False, 1_100, id="no more than all of it"),
        pytest.param(STAYS, TableSize(5_000, 900), False, None, id="a large one: only files of some days"),
        pytest.param(STAYS, TableSize(5_000, 50), True, 5_000, id="a backfill looks at all of it"),
        pytest.param(MOVES, None, False, None, id="nobody knows"),
    ],
)
def test_what_a_merge_must_look_at(table, size, backfill, known):
    assert looked_at(table, size, LIMIT, backfill=backfill) == known


@pytest.fixture
def claim_in(account, lambda_context):
    """Claim as an execution in this state does."""

    def call(**execution):
        event = {"dataset": "transactions", "run_id": RUN_ID, "execution": execution}
        return handler.lambda_handler(event, lambda_context)

    return call


@pytest.fixture
def planned(ledger):
    at = "2026-01-31T09:00:00.000000Z"
    ledger.next_runs.plan(NextRun(subject="transactions", run_id=RUN_ID, execution_arn="arn:1", starts_at=at))


def test_a_run_in_the_gather_window_waits_and_claims_nothing(ledger, drop, claim_in, planned):
    file = drop()

    assert claim_in(wait_seconds=42) == {"wait_seconds": 42, "file_count": 0}

    assert ledger.files.get(file.file_id).state is FileState.VALIDATED
    assert ledger.locks.get("transactions") is None
    assert ledger.next_runs.get("transactions").run_id == RUN_ID


def test_a_run_that_has_waited_takes_all_files_and_gives_up_its_place(ledger, drop, claim_in, planned):
    first = claim_in(wait_seconds=42)
    drop("a.csv"), drop("b.csv")

    answer = claim_in(wait_seconds=42, claim={"Payload": first})

    assert (answer["file_count"], answer["wait_seconds"]) == (2, 0)
    assert ledger.locks.get("transactions").run_id == RUN_ID
    assert ledger.runs.get(RUN_ID).execution_arn == "arn:1"
    assert ledger.next_runs.get("transactions") is None


def test_a_run_that_has_waited_while_maintenance_has_the_lock_leaves_the_files_to_the_next(
    ledger, drop, claim_in, planned
):
    file = drop()
    ledger.locks.acquire("transactions", "maintenance-20260131T083000-bbbbbb")

    answer = claim_in(wait_seconds=42, claim={"Payload": {"wait_seconds": 42}})

    assert answer["file_count"] == 0
    assert ledger.files.get(file.file_id).state is FileState.VALIDATED
    assert ledger.next_runs.get("transactions") is None


def test_a_claim_that_is_repeated_after_the_wait_gives_the_same_batch(ledger, drop, claim_in, planned):
    drop()
    waited = {"wait_seconds": 42, "claim": {"Payload": {"wait_seconds": 42}}}

    assert claim_in(**waited) == claim_in(**waited)


def test_a_manifest_says_how_new_full_copies_are_and_of_which_the_table_is(account, ledger, drop, claim, monkeypatch):
    known = contracts.load("transactions")
    table = dataclasses.replace(known.table, full_copy=FullCopy())
    monkeypatch.setattr(contracts, "load", lambda _: dataclasses.replace(known, tables=(table,)))
    loaded = drop("loaded.csv")
    ledger.copies.note(loaded)
    waiting = drop("waiting.csv")

    claim()

    written = manifest(account)
    assert written.newest_copy == loaded.recency
    assert {file.file_id: file.recency for file in written.files} == {
        loaded.file_id: loaded.recency,
        waiting.file_id: waiting.recency,
    }
    assert looked_at(table, TableSize(10**12, 1), LIMIT, backfill=False) == 10**12
