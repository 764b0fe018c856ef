import json
from datetime import date, datetime, timedelta, timezone

import pytest
from pydantic import ValidationError

from cartlake.errors import TerminalError
from cartlake.refresh.day_ranges import DayRange, of_days
from cartlake.refresh.graph import WHOLE, KeySource, Scope, StaleTable
from cartlake.runs.documents import (
    Difference,
    FileCount,
    FileFormat,
    Manifest,
    ManifestFile,
    RefreshPlan,
    RefreshReport,
    RowCounts,
    TableRefresh,
    TransformReport,
)
from cartlake.runs.ids import audit_branch, new_run_id, subject_of
from cartlake.runs.reconciliation import ReconciliationError, reconcile

RUN_ID = "fx_rates-20260131T083000-1a2b3c"


def report(rows=(10, 8, 1, 1), files=(("a", 4), ("b", 6))):
    read, published, quarantined, duplicate = rows
    return TransformReport(
        run_id=RUN_ID,
        dataset="fx_rates",
        table="processed.fx_rates",
        branch=audit_branch(RUN_ID),
        snapshot_id="42",
        base_snapshot_id=None,
        rows=RowCounts(read=read, published=published, quarantined=quarantined, duplicate=duplicate),
        files=[FileCount(file_id=file_id, rows_read=count) for file_id, count in files],
        started_at="2026-01-31T08:30:00.000000Z",
        ended_at="2026-01-31T08:31:00.000000Z",
    )


def test_rows_that_add_up_reconcile():
    reconcile(report(), {"a", "b"})


@pytest.mark.parametrize(
    ("rows", "files", "claimed", "fault"),
    [
        pytest.param((10, 8, 1, 0), (("a", 10),), {"a"}, r"10 rows read, but .* = 9", id="a row lost"),
        pytest.param((10, 9, 1, 1), (("a", 10),), {"a"}, r"10 rows read, but .* = 11", id="a row invented"),
        pytest.param((10, 8, 1, 1), (("a", 9),), {"a"}, "but 9 when its files are added up", id="files do not add up"),
        pytest.param((10, 8, 1, 1), (("a", 10),), {"a", "b"}, "file b was claimed but not read", id="file not read"),
        pytest.param((10, 8, 1, 1), (("a", 4), ("b", 6)), {"a"}, "file b was read but not claimed", id="not claimed"),
        pytest.param((10, 8, 1, 1), (("a", 5), ("a", 5)), {"a"}, "file a was read 2 times", id="file read twice"),
    ],
)
def test_what_does_not_add_up_is_named(rows, files, claimed, fault):
    with pytest.raises(ReconciliationError, match=fault):
        reconcile(report(rows, files), claimed)


def test_all_differences_are_named_at_once():
    with pytest.raises(ReconciliationError, match=r"= 9; .*file b was claimed but not read"):
        reconcile(report((10, 8, 1, 0), (("a", 10),)), {"a", "b"})


def test_a_run_id_says_when_in_utc_and_whose_it_is():
    evening = datetime(2026, 1, 31, 10, 30, tzinfo=timezone(timedelta(hours=2)))

    run_id = new_run_id("fx_rates", evening, "1a2b3c")

    assert run_id == RUN_ID
    assert subject_of(run_id) == "fx_rates"
    assert audit_branch(run_id) == "audit_fx_rates_20260131T083000_1a2b3c"


@pytest.mark.parametrize("name", ["fx_rates", "fx_rates-20260131T083000", "by-hand-1", f"{RUN_ID}x"])
def test_a_name_that_is_no_run_id_is_refused(name):
    with pytest.raises(TerminalError, match="is not a run id"):
        subject_of(name)


def test_documents_survive_json():
    entry = ManifestFile(
        file_id="a",
        uri="s3://raw/incoming/fx_rates/a.csv",
        version_id=None,
        etag="e",
        size=1,
        sha256="c0ffee",
        format=FileFormat(kind="csv", header=["a", "b"]),
    )
    manifest = Manifest(run_id=RUN_ID, dataset="fx_rates", contract_version="1.0.0", created_at="", files=[entry])

    assert Manifest.model_validate_json(manifest.model_dump_json()) == manifest
    assert TransformReport.model_validate_json(report().model_dump_json()) == report()


def test_documents_of_a_refresh_survive_json():
    day = of_days([date(2026, 1, 31)])
    tables = [
        StaleTable(table="curated.a", scope=Scope(days=(*day, DayRange(first=date(2026, 3, 1), last=None)))),
        StaleTable(
            table="curated.b", scope=Scope(keys=(KeySource(table="curated.a", key="id", days=day),)), after=("a",)
        ),
        StaleTable(table="curated.c", scope=WHOLE),
    ]
    plan = RefreshPlan(run_id="refresh-20260131T083000-1a2b3c", created_at="", tables=tables)
    differing = Difference(only_in="stored", rows=2, example={"id": "a", "amount": None})
    done = [
        TableRefresh(table="curated.a", scope="2026-01-31", outcome="rebuilt", rows=3, snapshot_id="42", seconds=1.5),
        TableRefresh(table="curated.b", scope="all rows", outcome="checked", rows=4, differences=[differing]),
    ]
    refreshed = RefreshReport(run_id=plan.run_id, tables=done, started_at="", ended_at="")

    assert RefreshPlan.model_validate_json(plan.model_dump_json()) == plan
    assert RefreshReport.model_validate_json(refreshed.model_dump_json()) == refreshed
    assert refreshed.rows == 7


@pytest.mark.parametrize("change", [{"outcome": "guessed"}, {"rows": -1}, {"surprise": 1}])
def test_a_table_with_an_unknown_outcome_is_refused(change):
    with pytest.raises(ValidationError):
        TableRefresh.model_validate({"table": "curated.a", "scope": "", "outcome": "rebuilt", **change})


@pytest.mark.parametrize("change", [{"rows": {"read": -1}}, {"surprise": 1}, {"snapshot_id": 42}])
def test_a_document_of_another_shape_is_refused(change):
    with pytest.raises(ValidationError):
        TransformReport.model_validate({**report().model_dump(), **change})


OLD_FILE = {
    "file_id": "a",
    "uri": "s3://raw/a.csv",
    "version_id": None,
    "etag": "e",
    "size": 10,
    "sha256": "0",
    "format": {"kind": "csv", "compression": "none", "encoding": "utf-8", "delimiter": ",", "header": ["a"]},
}
OLD_MANIFEST = {"run_id": RUN_ID, "dataset": "fx_rates", "contract_version": "1.0.0", "created_at": ""}


class TestADeployBetweenTheStepsOfARun:
    """The documents of the step before are those of the code that ran then."""

    def test_a_manifest_without_the_newer_fields_is_read_as_that_of_a_plain_load(self):
        manifest = Manifest.model_validate_json(json.dumps(OLD_MANIFEST | {"files": [OLD_FILE]}))

        assert (manifest.engine, manifest.backfill) == (None, False)
        [file] = manifest.files
        assert (file.source_file, file.expanded_size, file.row_estimate, file.loads) == (file.uri, None, None, [])
        assert file.format.line_is_record is None

    def test_a_plan_without_the_newer_fields_is_read(self):
        plan = RefreshPlan.model_validate_json(json.dumps({"run_id": "r", "created_at": "", "tables": []}))

        assert (plan.engine, plan.size, plan.retried) == (None, None, False)

    def test_a_report_without_the_newer_fields_is_read(self):
        newer = {"engine", "cost_usd", "phases", "withdrawn", "touched_days", "measurements", "row_rules"}

        old = TransformReport.model_validate_json(report().model_dump_json(exclude=newer))

        assert (old.engine, old.withdrawn) == (None, 0)
        reconcile(old, {"a", "b"})

    def test_a_field_of_newer_code_is_refused_by_name_and_not_passed_over(self):
        with pytest.raises(ValidationError, match="sampled\n"):
            Manifest.model_validate_json(json.dumps(OLD_MANIFEST | {"files": [], "sampled": True}))
