"""Events of runs of all kinds, held against OpenLineage's schemas."""

import json
import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cartlake import contracts
from cartlake.ledger import RunRecord, RunState
from cartlake.lineage import columns, runs
from cartlake.lineage.columns import CompiledSources, CompiledTable
from cartlake.lineage.events import run_event, to_line
from cartlake.lineage.model import EventKind
from cartlake.lineage.rows import rows
from cartlake.lineage.runs import Catalog, InputFile, ingest_run, maintenance_run, refresh_run
from cartlake.maintenance.documents import Done, MaintainedTable, MaintenanceReport
from cartlake.maintenance.health import Action
from cartlake.runs.documents import (
    EngineChoice,
    FileCount,
    Measurement,
    RefreshReport,
    RowCounts,
    RuleCount,
    TableRefresh,
    TransformReport,
)
from tests.unit.lineage.open_lineage import faults_of

CATALOG = Catalog("arn:aws:glue:eu-west-1:123456789012", "shop_dev_")
STARTED, ENDED = "2026-01-31T08:30:01.500000Z", "2026-01-31T08:31:00.000000Z"
MACHINE = "arn:aws:states:eu-west-1:123456789012:execution:shop-dev-ingest"
LIGHT = EngineChoice(engine="light", reason="1 MB in 2 files")


@pytest.fixture(autouse=True)
def compiled(monkeypatch):
    """Column lineage as the build makes it, of one table."""
    months = CompiledTable(
        columns={"revenue_reporting": [("curated.customer_rfm", "monetary", "TRANSFORMATION")], "days": []},
        rows=[("curated.customer_rfm", "recency_days", "GROUP_BY"), ("curated.elsewhere", "x", "JOIN")],
    )
    found = CompiledSources(engines={"light": ("duckdb", "1.5.5")}, tables={"curated.customer_segments": months})
    monkeypatch.setattr(runs, "compiled", lambda: found)
    return found


def run(subject="transactions", state=RunState.SUCCEEDED, **change):
    run_id = f"{subject}-20260131T083000-aaaaaa"
    common = {"run_id": run_id, "subject": subject, "state": state, "started_at": STARTED, "engine": LIGHT}
    ended = {} if state is RunState.RUNNING else {"ended_at": ENDED}
    return RunRecord(**common | ended | {"execution_arn": f"{MACHINE}:{run_id}"} | change)


def files(count=2):
    return [
        InputFile("raw", f"incoming/transactions/{at}.csv", 100 + at, f"v{at}", f"sha{at}", f"f{at}")
        for at in range(count)
    ]


def report(**change):
    common = TransformReport(
        run_id="transactions-20260131T083000-aaaaaa",
        dataset="transactions",
        table="shop_dev_processed.transactions",
        branch="audit",
        snapshot_id="42",
        base_snapshot_id="41",
        rows=RowCounts(read=10, published=8, quarantined=1, duplicate=1),
        files=[FileCount(file_id="f0", rows_read=4), FileCount(file_id="f1", rows_read=6)],
        size=4321,
        row_rules=[RuleCount(rule="quantity_positive", severity="error", broken=1)],
        started_at=STARTED,
        ended_at=ENDED,
        engine=LIGHT,
    )
    return common.model_copy(update=change)


def refreshed(*tables):
    return RefreshReport(run_id="refresh-20260131T083000-aaaaaa", tables=tables, started_at=STARTED, ended_at=ENDED)


def event_of(lineage, kind=None):
    event = run_event(lineage, kind or lineage.kind, "shop-dev")
    assert list(faults_of(json.loads(to_line(event)))) == []
    return event


def test_a_load_names_its_files_with_checksum_and_version_and_the_snapshot_it_published():
    event = event_of(ingest_run(run(), files(), report(), CATALOG))

    first, _, folder = event["inputs"]
    assert (first["namespace"], first["name"]) == ("s3://raw", "incoming/transactions/0.csv")
    assert first["facets"]["cartlake_file"]["sha256"] == "sha0"
    assert first["facets"]["version"]["datasetVersion"] == "v0"
    assert (
        first["inputFacets"]["inputStatistics"] | {"rowCount": 4, "size": 100}
        == first["inputFacets"]["inputStatistics"]
    )
    assert folder["name"] == "incoming/transactions"
    assert folder["inputFacets"]["inputStatistics"]["rowCount"] == 10
    [output] = event["outputs"]
    assert output["name"] == "table/shop_dev_processed/transactions"
    assert output["facets"]["version"]["datasetVersion"] == "42"
    assert output["outputFacets"]["outputStatistics"]["rowCount"] == 8
    assert output["outputFacets"]["outputStatistics"]["size"] == 4321


def test_every_column_of_a_loaded_table_comes_from_the_folder_that_is_among_the_inputs():
    event = event_of(ingest_run(run(), files(), report(), CATALOG))

    fields = event["outputs"][0]["facets"]["columnLineage"]["fields"]
    assert set(fields) == {column.name for column in contracts.load("transactions").table.file_columns}
    known = {(one["namespace"], one["name"]) for one in event["inputs"]}
    [source] = fields["order_id"]["inputFields"]
    assert (source["namespace"], source["name"]) in known
    assert source["transformations"][0] | {"type": "DIRECT"} == source["transformations"][0]
    assert all(
        one["transformations"][0]["type"] == "INDIRECT"
        for one in event["outputs"][0]["facets"]["columnLineage"]["dataset"]
    )


def test_rules_are_assertions_with_what_was_measured():
    rule = contracts.load("transactions").table.table_rules[0]
    measured = report(measurements=[Measurement(rule=rule.name, value=0.0)])

    [output] = event_of(ingest_run(run(), files(), measured, CATALOG))["outputs"]

    found = {one["assertion"]: one for one in output["facets"]["dataQualityAssertions"]["assertions"]}
    assert found["quantity_positive"]["success"] is False
    assert (found["quantity_positive"]["actual"], found["quantity_positive"]["severity"]) == ("1", "error")
    assert found[rule.name]["success"] is rule.judge(0.0)


def test_facets_of_the_run():
    event = event_of(ingest_run(run(), files(), report(), CATALOG))

    facets = event["run"]["facets"]
    assert facets["nominalTime"]["nominalStartTime"] == "2026-01-31T08:30:00Z"
    assert facets["parent"]["job"] == {"namespace": "arn:aws:states:eu-west-1:123456789012", "name": "shop-dev-ingest"}
    assert (facets["processing_engine"]["name"], facets["processing_engine"]["version"]) == ("duckdb", "1.5.5")
    assert facets["cartlake_run"]["runId"] == "transactions-20260131T083000-aaaaaa"
    assert facets["cartlake_run"]["rows"] == {"read": 10, "published": 8, "quarantined": 1, "duplicate": 1}
    assert "errorMessage" not in facets


def test_a_failed_run_says_why_and_claims_no_rows_and_no_snapshot():
    failed = run(state=RunState.FAILED, error="AuditFailed", cause="no_duplicates: 3, must be 0")

    event = event_of(ingest_run(failed, files(), report(), CATALOG))

    assert event["eventType"] == "FAIL"
    assert event["run"]["facets"]["errorMessage"]["message"] == "AuditFailed: no_duplicates: 3, must be 0"
    [output] = event["outputs"]
    assert output["outputFacets"] == {}
    assert "version" not in output["facets"]


def test_a_start_says_nothing_of_the_end():
    ended = ingest_run(run(state=RunState.FAILED, error="E", cause=""), files(), report(), CATALOG)

    event = event_of(ended, EventKind.START)

    assert (event["eventType"], event["eventTime"]) == ("START", STARTED)
    assert not {"errorMessage", "processing_engine"} & set(event["run"]["facets"])
    assert "endedAt" not in event["run"]["facets"]["cartlake_run"]
    assert event["outputs"][0]["outputFacets"] == {}


def test_a_refresh_names_the_snapshots_it_wrote_and_how_columns_are_made():
    done = refreshed(
        TableRefresh(table="curated.customer_rfm", scope="", outcome="rebuilt", rows=4, snapshot_id="7"),
        TableRefresh(
            table="curated.customer_segments",
            scope="",
            outcome="rebuilt",
            rows=1,
            snapshot_id="8",
            read={"curated.customer_rfm": "7"},
            size=123,
        ),
        TableRefresh(table="curated.dim_customer", scope="", outcome="unchanged", rows=1),
    )

    event = event_of(refresh_run(run("refresh"), [], done, CATALOG))

    assert [one["name"] for one in event["outputs"]] == [
        "table/shop_dev_curated/customer_rfm",
        "table/shop_dev_curated/customer_segments",
    ]
    daily = next(one for one in event["inputs"] if one["name"].endswith("customer_rfm"))
    assert daily["facets"]["version"]["datasetVersion"] == "7"
    others = [one for one in event["inputs"] if one is not daily]
    assert not any("version" in one["facets"] for one in others)
    statistics = event["outputs"][1]["outputFacets"]["outputStatistics"]
    assert (statistics["rowCount"], statistics["size"]) == (1, 123)
    lineage = event["outputs"][1]["facets"]["columnLineage"]
    assert list(lineage["fields"]) == ["revenue_reporting"]
    [used] = lineage["fields"]["revenue_reporting"]["inputFields"]
    assert (used["name"], used["field"]) == ("table/shop_dev_curated/customer_rfm", "monetary")
    assert [(one["field"], one["transformations"][0]["subtype"]) for one in lineage["dataset"]] == [
        ("recency_days", "GROUP_BY")
    ]


def test_a_refresh_at_work_is_to_write_all_of_its_plan():
    event = event_of(refresh_run(run("refresh", RunState.RUNNING), ["curated.customer_segments"], None, CATALOG))

    assert event["eventType"] == "START"
    assert [one["name"] for one in event["outputs"]] == ["table/shop_dev_curated/customer_segments"]


def test_maintenance_reads_and_writes_the_tables_it_changed():
    done = Done(action=Action.REWRITE, seconds=1.0)
    both = MaintenanceReport(
        run_id="maintenance-20260131T083000-aaaaaa",
        tables=[
            MaintainedTable(table="processed.transactions", outcome="maintained", done=[done]),
            MaintainedTable(table="curated.dim_date", outcome="busy"),
        ],
        started_at=STARTED,
        ended_at=ENDED,
    )

    event = event_of(maintenance_run(run("maintenance"), [], both, CATALOG))

    assert [one["name"] for one in event["outputs"]] == ["table/shop_dev_processed/transactions"]
    assert [one["name"] for one in event["inputs"]] == ["table/shop_dev_processed/transactions"]
    assert event["run"]["facets"]["cartlake_run"]["outcomes"]["curated.dim_date"] == "busy"


def test_the_schemas_refuse_what_is_wrong():
    event = run_event(ingest_run(run(), files(), report(), CATALOG), EventKind.COMPLETE, "shop-dev")
    event["run"]["runId"] = "no uuid"
    event["job"].pop("name")
    event["outputs"][0]["outputFacets"]["outputStatistics"]["rowcount"] = 1
    event["inputs"][0]["facets"]["version"]["_schemaURL"] = "https://openlineage.io/spec/facets/9-9-9/X.json"

    faults = "\n".join(faults_of(event))

    assert "'no uuid' is not a 'uuid'" in faults
    assert "'name' is a required property" in faults
    assert "'rowcount' was unexpected" in faults
    assert "no schema https://openlineage.io/spec/facets/9-9-9/X.json" in faults


TEXTS = st.text(max_size=40)
STATES = st.sampled_from(list(RunState))


@settings(max_examples=60)
@given(
    subject=st.sampled_from(["transactions", "clickstream", "refresh", "maintenance"]),
    state=STATES,
    error=TEXTS,
    cause=TEXTS,
    count=st.integers(0, 5),
    known=st.booleans(),
    arn=st.booleans(),
)
def test_events_of_any_run_fit_the_schemas_and_agree_with_the_rows(subject, state, error, cause, count, known, arn):
    fault = {"error": error, "cause": cause} if state is RunState.FAILED else {}
    one = run(subject, state, **fault, **({} if arn else {"execution_arn": None}))
    match subject:
        case "refresh":
            done = (
                refreshed(TableRefresh(table="curated.customer_segments", scope="", outcome="rebuilt"))
                if known
                else None
            )
            lineage = refresh_run(one, ["curated.customer_rfm"], done, CATALOG)
        case "maintenance":
            lineage = maintenance_run(one, ["processed.transactions"], None, CATALOG)
        case _:
            lineage = ingest_run(one, files(count), report() if known else None, CATALOG)

    kinds = [EventKind.START] if state is RunState.RUNNING else [EventKind.START, lineage.kind]
    events = [event_of(lineage, kind) for kind in kinds]

    ends = {RunState.RUNNING: "START", RunState.SUCCEEDED: "COMPLETE", RunState.FAILED: "FAIL"}
    assert events[-1]["eventType"] == ends[state]
    assert len({event["run"]["runId"] for event in events}) == 1
    assert uuid.UUID(events[0]["run"]["runId"]).version == 5
    for kind, event in zip(kinds, events, strict=True):
        found = list(rows(lineage, kind))
        assert {row["event_type"] for row in found} == {event["eventType"]}
        named = [row["dataset_name"] for row in found if row["direction"]]
        assert named == [one["name"] for one in (*event["inputs"], *event["outputs"])]


def test_a_run_that_did_nothing_has_a_row_all_the_same():
    nothing = refresh_run(run("refresh", RunState.FAILED, error="E", cause="c"), [], None, CATALOG)

    [row] = rows(nothing, EventKind.FAIL)

    assert (row["event_type"], row["direction"], row["error"]) == ("FAIL", None, "E: c")


def test_a_checkout_has_no_compiled_lineage_and_events_all_the_same(monkeypatch, tmp_path):
    monkeypatch.setattr(columns, "BUILT", tmp_path / "columns.json")
    columns.compiled.cache_clear()

    assert columns.compiled().tables == {}
    columns.compiled.cache_clear()
