"""What the documents of past runs say of files and runs, and what they leave open."""

from dataclasses import replace
from datetime import UTC, datetime

from cartlake.ledger import FileState, ObjectVersion, RunState
from cartlake.raw_zone import Landed
from cartlake.runs.documents import (
    FileCount,
    FileFormat,
    Load,
    Manifest,
    ManifestFile,
    RefreshPlan,
    RefreshReport,
    RowCounts,
    TransformReport,
)
from cartlake_cli.restore.evidence import dataset_of_key, rebuilt, run_record, same_content
from cartlake_cli.restore.history import Outcome, PastRun, RejectedFile

COUNTS = RowCounts(read=3, published=2, quarantined=1, duplicate=0)
WRITTEN, RECEIVED = "2026-03-01T08:00:00.000000Z", "2026-03-01T08:00:05.000000Z"


def landed(name="a", size=10, dataset="transactions"):
    version = ObjectVersion(bucket="raw", key=f"incoming/{dataset}/{name}.csv", version_id=name, etag=name, size=size)
    return Landed(version, datetime(2026, 3, 1, 8, tzinfo=UTC))


def manifest_file(name="a", loads=()):
    version = landed(name).version
    return ManifestFile(
        file_id=version.file_id,
        uri=f"s3://raw/{version.key}",
        version_id=name,
        etag=name,
        size=10,
        sha256=f"sha-{name}",
        format=FileFormat(kind="csv"),
        row_estimate=3,
        loads=list(loads),
        recency=f"{WRITTEN}#{RECEIVED}#{version.file_id}",
    )


def run(
    minute, *names, error=None, ended=True, days=("2026-03-01",), read=None, loads=(), backfill=False, version="1.2.0"
):
    run_id = f"transactions-20260301T08{minute:02}00-00000a"
    manifest = Manifest(
        run_id=run_id,
        dataset="transactions",
        contract_version=version,
        created_at=f"2026-03-01T08:{minute:02}:00.000000Z",
        files=[manifest_file(name, loads) for name in names],
        backfill=backfill,
    )
    at = f"2026-03-01T08:{minute:02}:00.000000Z", f"2026-03-01T08:{minute:02}:30.000000Z"
    report = TransformReport(
        run_id=run_id,
        dataset="transactions",
        table="processed.transactions",
        branch="audit",
        snapshot_id="1",
        base_snapshot_id=None,
        rows=COUNTS,
        files=[
            FileCount(file_id=landed(name).version.file_id, rows_read=3) for name in (names if read is None else read)
        ],
        touched_days=list(days),
        started_at=at[0],
        ended_at=at[1],
        cost_usd=0.0001,
    )
    outcome = Outcome(*at, error, "why" if error else None) if ended else None
    return PastRun(run_id, outcome, manifest, report, report_uri="s3://artifacts/transform.json")


def refresh(minute, error=None):
    run_id = f"refresh-20260301T08{minute:02}00-00000b"
    at = f"2026-03-01T08:{minute:02}:00.000000Z", f"2026-03-01T08:{minute:02}:30.000000Z"
    plan = RefreshPlan(run_id=run_id, created_at=at[0], tables=[])
    done = RefreshReport(run_id=run_id, tables=[], started_at=at[0], ended_at=at[1])
    return PastRun(
        run_id, Outcome(*at, error, error), plan=plan, refresh=done, report_uri="s3://artifacts/refresh.json"
    )


def records(*history, rejected=None, found=()):
    return rebuilt(history, rejected or {}, found, lambda dataset: dataset == "copies")


def file_of(found, name="a"):
    return found.files.get(landed(name).version.file_id)


def test_a_file_of_a_run_that_succeeded_was_loaded_and_stands_for_its_content():
    file = file_of(records(run(1, "a")))

    assert (file.state, file.run_id, file.sha256) == (FileState.LOADED, run(1).run_id, "sha-a")
    assert (file.bucket, file.key, file.version_id) == ("raw", "incoming/transactions/a.csv", "a")
    assert (file.received_at, file.written_at) == (RECEIVED, WRITTEN)
    assert file.loads == [Load(source_file="s3://raw/incoming/transactions/a.csv", run_id=run(1).run_id)]


def test_a_run_had_the_files_too_that_it_was_repeated_without():
    one = run(1, "a", "b")
    repeated = replace(one, manifest=one.manifest.model_copy(update={"left_out": 1}))
    assert run_record(repeated).files == 3


def test_a_file_of_a_run_that_failed_is_failed_until_a_later_run_loads_it():
    failed = file_of(records(run(1, "a", error="JobFailed")))
    loaded = file_of(records(run(1, "a", error="JobFailed"), run(2, "a")))

    assert (failed.state, failed.reason, failed.run_id) == (FileState.FAILED, "run_failed", run(1).run_id)
    assert "JobFailed: why" in failed.detail
    assert (loaded.state, loaded.reason, loaded.detail, loaded.run_id) == (FileState.LOADED, None, None, run(2).run_id)
    assert [load.run_id for load in loaded.loads] == [run(1).run_id, run(2).run_id]


def test_a_backfill_that_failed_leaves_the_file_loaded():
    file = file_of(records(run(1, "a"), run(2, "a", error="JobFailed", backfill=True)))
    assert (file.state, file.run_id) == (FileState.LOADED, run(1).run_id)


def test_a_backfill_that_succeeded_has_the_rows_from_then_on_by_its_contract():
    file = file_of(records(run(1, "a"), run(2, "a", backfill=True, version="2.0.0")))
    assert (file.run_id, file.contract_version, len(file.loads)) == (run(2).run_id, "2.0.0", 2)


def test_of_a_file_whose_last_run_never_ended_nothing_is_said():
    found = records(run(1, "a", error="JobFailed"), run(2, "a", ended=False))
    assert file_of(found) is None
    assert found.open_runs == [run(2).run_id]


def test_a_file_that_a_run_did_not_report_was_not_loaded():
    assert file_of(records(run(1, "a", "b", read=("a",))), "b").state is FileState.FAILED


def test_a_rejected_file_keeps_its_reason_unless_it_was_loaded_later():
    why = {landed().version.file_id: rejection(RECEIVED)}

    rejected = file_of(records(rejected=why, found=[landed()]))
    loaded = file_of(records(run(1, "a"), rejected=why, found=[landed()]))

    assert (rejected.state, rejected.reason, rejected.detail) == (FileState.REJECTED, "bad_header", "no id")
    assert (rejected.dataset, rejected.sha256) == ("_unknown", "abc")
    assert loaded.state is FileState.LOADED


def rejection(at, run_id=None):
    return RejectedFile(landed().version.file_id, "_unknown", "bad_header", "no id", at, run_id, sha256="abc")


def test_a_file_that_its_failed_run_rejected_is_rejected_and_one_that_failed_later_has_failed():
    failed = run(1, "a", error="BadFilesError")
    by_the_run = {landed().version.file_id: rejection(RECEIVED, failed.run_id)}
    before = {landed().version.file_id: rejection("2020-01-01T00:00:00.000000Z", "another")}

    rejected = file_of(records(failed, rejected=by_the_run, found=[landed()]))
    later = file_of(records(failed, rejected=before, found=[landed()]))

    assert (rejected.state, rejected.reason, rejected.run_id) == (FileState.REJECTED, "bad_header", failed.run_id)
    assert later.state is FileState.FAILED


def test_a_file_without_any_document_gets_no_record():
    assert records(found=[landed()]).files == {}


def test_runs_have_their_counts_and_costs_and_failed_ones_their_error():
    good, bad = records(run(1, "a"), run(2, "b", error="JobFailed")).runs
    assert (good.state, good.counts, good.cost_usd, good.files) == (RunState.SUCCEEDED, COUNTS, 0.0001, 1)
    assert (bad.state, bad.counts, bad.error, bad.cause) == (RunState.FAILED, None, "JobFailed", "why")


def test_what_changed_after_the_last_refresh_that_succeeded_is_stale():
    found = records(run(1, "a"), refresh(2), run(3, "b"), refresh(4, error="JobFailed"), run(5, "c", days=()))
    assert [(mark.table, mark.run_id, mark.retried) for mark in found.marks] == [
        ("processed.transactions", run(3).run_id, True)
    ]


def test_rows_of_a_run_that_failed_after_it_had_published_are_stale_too():
    assert [mark.run_id for mark in records(run(1, "a", error="ReconciliationError")).marks] == [run(1).run_id]


def test_only_objects_of_the_size_of_a_loaded_file_are_read_for_their_content():
    known = list(records(run(1, "a")).files.values())
    same, other, elsewhere = landed("b"), landed("c", size=11), landed("d", dataset="reviews")

    assert same_content([same, other, elsewhere], known, lambda _: False) == [(same, known)]
    assert same_content([same], known, lambda _: True) == []


def test_keys_outside_the_folder_of_a_dataset_are_of_none():
    assert dataset_of_key("incoming/reviews/2026/a.csv") == "reviews"
    assert [dataset_of_key(key) for key in ("other/a.csv", "incoming/a.csv", "a.csv")] == ["_unknown"] * 3
