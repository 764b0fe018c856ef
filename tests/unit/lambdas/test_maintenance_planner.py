"""On real Iceberg tables: pyiceberg's Glue catalog on moto, files in a temporary folder."""

from datetime import UTC, date, datetime

import boto3
import pyarrow as pa
import pytest
import yaml
from pydantic import ValidationError

from cartlake import contracts
from cartlake.contracts import loading
from cartlake.contracts.schemas import iceberg_schema
from cartlake.errors import TerminalError
from cartlake.ledger import Ledger, LockHeldError, RunState
from cartlake.maintenance.documents import MaintenancePlan, MaintenanceRecord
from cartlake.maintenance.health import Action
from cartlake.runs.ids import Workflow, audit_branch
from cartlake.tables.broken_metadata import UnreadableTableError
from cartlake.tables.catalog import load_catalog
from cartlake.times import utc_now
from lambdas.maintenance_planner import handler

RUN_ID = "maintenance-20260131T084000-bbbbbb"
PLAN = f"s3://artifacts/runs/{RUN_ID}/plan.json"


@pytest.fixture
def ledger(account, few_contracts):
    return Ledger("ledger", account.dynamodb)


@pytest.fixture
def tables(ledger, tmp_path):
    """`events` of six small files, `sums` of one; `totals` was made and never written."""
    boto3.client("glue").create_database(DatabaseInput={"Name": "processed"})
    made = {}
    for name, loads in (("events", 6), ("sums", 1), ("totals", 0)):
        schema = iceberg_schema(contracts.load(name).table)
        made[name] = load_catalog().create_table(("processed", name), schema, location=f"file://{tmp_path}/{name}")
        for load in range(loads):
            made[name].append(rows(made[name], str(load)))
    return made


def rows(table, value):
    known = {"id": value, "day": date(2024, 10, 4), "_ingested_at": datetime(2024, 10, 5, tzinfo=UTC)}
    schema = table.schema().as_arrow()
    return pa.table({name: [known.get(name, "x")] for name in schema.names}, schema=schema)


@pytest.fixture
def plan(account, lambda_context):
    """Invoke the planner; returns its answer and the plan it wrote."""

    def invoke(run_id=RUN_ID, **asked):
        event = {"dataset": Workflow.MAINTENANCE, "run_id": run_id, **({"request": asked} if asked else {})}
        answer = handler.lambda_handler(event, lambda_context)
        return answer, MaintenancePlan.model_validate(account.read_json(answer["plan_uri"]))

    return invoke


def reasons(plan):
    return {one.table: one.reason for one in plan.skipped}


def test_what_pays_is_planned_and_the_rest_is_left_alone_with_the_reason(ledger, tables, plan):
    answer, written = plan()

    assert answer == {"run_id": RUN_ID, "table_count": 1, "plan_uri": PLAN, "maintenance_job": "table-maintenance"}
    [work] = written.tables
    assert (work.table, work.owner, work.health.data_files, work.health.rows) == ("processed.events", "events", 6, 6)
    assert [need.action for need in work.needs] == [Action.REWRITE, Action.STATISTICS]
    assert reasons(written) == {
        "processed.sums": "no maintenance needed",
        "processed.totals": "it was never written",
    }
    assert ledger.runs.get(RUN_ID).state is RunState.RUNNING


def test_where_nothing_pays_the_run_has_succeeded_and_no_job_is_asked_for(ledger, tables, plan):
    answer, written = plan(tables=["processed.sums"])

    assert (answer["table_count"], written.tables) == (0, [])
    assert ledger.runs.get(RUN_ID).state is RunState.SUCCEEDED


def test_built_tables_belong_to_the_refresh(tables, plan):
    for load in range(6):
        tables["sums"].append(rows(tables["sums"], f"s{load}"))

    _, written = plan(tables=["processed.sums"])

    assert written.tables[0].owner == "refresh"


def test_what_was_asked_for_reaches_the_job(tables, plan):
    tables["sums"].append(rows(tables["sums"], "more"))

    _, written = plan(tables=["processed.sums"], force=True, keep_snapshots_days=0.5)

    assert (written.force, written.keep_snapshots_days) == (True, 0.5)
    assert written.tables[0].needs[0].action is Action.REWRITE


def test_a_table_with_a_run_at_work_is_left_alone(tables, plan):
    events, now = tables["events"], utc_now()
    branch = audit_branch(f"events-{now:%Y%m%dT%H%M%S}-aaaaaa")
    events.manage_snapshots().create_branch(events.current_snapshot().snapshot_id, branch).commit()

    _, written = plan()

    assert reasons(written)["processed.events"] == f"a run is writing it: branch {branch}"


def test_the_contract_may_keep_maintenance_away(tables, plan, tmp_path):
    path = tmp_path / "events.odcs.yaml"
    contract = yaml.safe_load(path.read_text())
    off = {"property": "cartlake.maintenance", "value": {"enabled": False}}
    contract["schema"][0]["customProperties"].append(off)
    path.write_text(yaml.safe_dump(contract))
    loading._load.cache_clear()

    _, written = plan()

    assert reasons(written)["processed.events"] == "its contract says enabled: false"


def test_metadata_that_is_gone_holds_up_no_other_table_and_is_named(tables, plan, tmp_path):
    lose_metadata(tmp_path / "sums")

    _, written = plan()

    assert [work.table for work in written.tables] == ["processed.events"]
    [lost] = written.unreadable
    assert lost.table == "processed.sums"
    assert "`lake tables repair processed.sums`" in lost.reason


def test_metadata_that_is_gone_fails_a_run_that_has_nothing_else_to_do(tables, plan, tmp_path):
    lose_metadata(tmp_path / "sums")

    with pytest.raises(UnreadableTableError, match=r"processed\.sums"):
        plan(tables=["processed.sums"])


def test_metadata_that_is_damaged_is_named_too(tables, plan, tmp_path):
    for file in (tmp_path / "sums" / "metadata").glob("*.metadata.json"):
        file.write_bytes(file.read_bytes()[:100])

    with pytest.raises(UnreadableTableError, match=r"processed\.sums"):
        plan(tables=["processed.sums"])


def lose_metadata(folder):
    for file in (folder / "metadata").glob("*.metadata.json"):
        file.unlink()


def test_the_weekly_sweep_is_remembered(ledger, tables, plan):
    ledger.maintenance.note(
        MaintenanceRecord(
            table="processed.sums", run_id=RUN_ID, at=utc_now(), outcome="maintained", orphans_removed_at=utc_now()
        )
    )

    assert ledger.maintenance.last()["processed.sums"].orphans_removed_at is not None
    assert plan(tables=["processed.sums"])[0]["table_count"] == 0


def test_a_table_nobody_describes_is_refused_with_those_there_are(tables, plan):
    with pytest.raises(TerminalError, match=r"processed\.nothing; there are: processed\.events"):
        plan(tables=["processed.nothing"])


def test_a_run_may_not_plan_while_another_is_at_work(ledger, tables, plan):
    ledger.locks.acquire(Workflow.MAINTENANCE, "maintenance-20260131T080000-ffffff")

    with pytest.raises(LockHeldError, match=RUN_ID):
        plan()


@pytest.mark.parametrize("request_", [{"tables": "events"}, {"older_than": 1}])
def test_a_malformed_request_is_refused(ledger, lambda_context, request_):
    with pytest.raises(ValidationError):
        handler.lambda_handler({"run_id": RUN_ID, "request": request_}, lambda_context)
