"""Last steps of the state machine: reconcile, then put on record that the run succeeded, or that it failed and why.

Each may be invoked again after a crash: what is settled in the ledger stays, documents are written anew with the same
content, and only the event may come twice.
"""

from typing import Annotated, Any, Literal, TypeAlias

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, Field, RootModel

from cartlake import contracts
from cartlake.errors import TerminalError
from cartlake.ledger import RunRecord, RunState
from cartlake.maintenance.documents import MaintenanceReport
from cartlake.runs.documents import EtlReport, Manifest, RefreshReport
from cartlake.runs.ids import MAINTENANCE, REFRESH, dataset_of
from cartlake.runs.reconciliation import reconcile
from lambdas.run_recorder.adapters import documents, event_bus, ledger, open_lineage
from lambdas.run_recorder.domain import (
    Lineage,
    check_published,
    claimed_ids,
    files_joined,
    lineage,
    published_days,
    refresh_lineage,
    upkeep_records,
)
from lambdas.run_recorder.settings import settings
from lambdas.shared.counting import count
from lambdas.shared.entry import Answer, entry, logger

settings()  # a bad environment fails the cold start


class Reconcile(BaseModel):
    """`published_snapshot_id` is what the publisher answered, null when there was nothing to publish."""

    action: Literal["reconcile"]
    dataset: str
    run_id: str
    report_uri: str
    published_snapshot_id: str | None


class Record(BaseModel):
    action: Literal["record"]
    dataset: str
    run_id: str
    report_uri: str


class RecordRefresh(BaseModel):
    action: Literal["record_refresh"]
    run_id: str
    report_uri: str


class RecordMaintenance(BaseModel):
    action: Literal["record_maintenance"]
    run_id: str
    report_uri: str


class Fail(BaseModel):
    action: Literal["fail"]
    dataset: str
    run_id: str
    error: str = "Unknown"
    cause: str = ""


AnyRequest: TypeAlias = Annotated[
    Reconcile | Record | RecordRefresh | RecordMaintenance | Fail, Field(discriminator="action")
]


class Request(RootModel[AnyRequest]):
    pass


@entry(Request)
def lambda_handler(request: Request, context: LambdaContext) -> Answer:
    catalog = glue_catalog(context.invoked_function_arn)
    match request.root:
        case Reconcile() as wanted:
            return check(wanted)
        case Record() as done:
            return succeed(done, catalog)
        case RecordRefresh() as rebuilt:
            return succeed_refresh(rebuilt, catalog)
        case RecordMaintenance() as maintained:
            return succeed_maintenance(maintained)
        case Fail() as broken:
            return fail(broken, catalog)


def check(request: Reconcile) -> Answer:
    report = documents().read(request.report_uri, EtlReport)
    if request.published_snapshot_id is not None and report.touched_days:
        # First of all: the rows are there for everyone to see, whatever comes of the run.
        table = contracts.load(request.dataset).table.physical_name
        ledger().mark_stale(request.run_id, table, published_days(report))
    run = ledger().run(request.run_id)
    backfill = run is not None and run.backfill is not None
    reconcile(report, claimed_ids(ledger().run_files(request.run_id), request.run_id, backfill=backfill))
    check_published(report, request.published_snapshot_id)
    logger.info("run_reconciled", run_id=request.run_id, **report.rows.model_dump())
    return {"rows": report.rows.model_dump()}


def succeed(request: Record, catalog: str) -> Answer:
    report = documents().read(request.report_uri, EtlReport)
    settle_files(request.run_id, report)
    run = ledger().finish_run(request.run_id, report.rows, request.report_uri)
    if run.state is not RunState.SUCCEEDED:
        raise TerminalError(f"Run {run.run_id} was recorded as {run.state} before: {run.error}: {run.cause}")
    tell(run, lineage(run, ledger().run_files(run.run_id), report, catalog))
    rows = report.rows
    event_bus().send(
        "RunSucceeded", {"dataset": run.dataset, "run_id": run.run_id, "rows": rows.model_dump(), "files": run.files}
    )
    count(
        run.dataset,
        RunsSucceeded=1,
        RowsRead=rows.read,
        RowsPublished=rows.published,
        RowsQuarantined=rows.quarantined,
        RowsDuplicate=rows.duplicate,
    )
    logger.info("run_succeeded", run_id=run.run_id, files=run.files, **rows.model_dump())
    return {"state": run.state, "rows": rows.model_dump(), "files": run.files}


def settle_files(run_id: str, report: EtlReport) -> None:
    """Files LOADED; those of a backfill were so before, and their rows are now of this run."""
    run = ledger().run(run_id)
    if run is None or run.backfill is None:
        ledger().loaded(run_id, [file.file_id for file in report.files])
        return
    manifest = documents().read(f"{folder(run_id)}/manifest.json", Manifest)
    ledger().backfilled(run_id, [file.file_id for file in manifest.files], manifest.contract_version)


def succeed_refresh(request: RecordRefresh, catalog: str) -> Answer:
    report = documents().read(request.report_uri, RefreshReport)
    run = ledger().finish_run(request.run_id, None, request.report_uri)
    if run.state is not RunState.SUCCEEDED:
        raise TerminalError(f"Run {run.run_id} was recorded as {run.state} before: {run.error}: {run.cause}")
    tell(run, refresh_lineage(run, report, upstreams(), catalog))
    tables = [table.table for table in report.tables]
    event_bus().send("RunSucceeded", {"dataset": REFRESH, "run_id": run.run_id, "tables": tables})
    rebuilt = [table.rows for table in report.tables if table.outcome == "rebuilt"]  # not those of a check
    count(REFRESH, RunsSucceeded=1, TablesRebuilt=len(rebuilt), RowsRebuilt=sum(rebuilt))
    logger.info("refresh_succeeded", run_id=run.run_id, tables=tables, rows=report.rows)
    return {"state": run.state, "tables": tables}


def succeed_maintenance(request: RecordMaintenance) -> Answer:
    report = documents().read(request.report_uri, MaintenanceReport)
    note_upkeep(report)
    run = ledger().finish_run(request.run_id, None, request.report_uri)
    if run.state is not RunState.SUCCEEDED:
        raise TerminalError(f"Run {run.run_id} was recorded as {run.state} before: {run.error}: {run.cause}")
    outcomes = {table.table: table.outcome for table in report.tables}
    event_bus().send("RunSucceeded", {"dataset": MAINTENANCE, "run_id": run.run_id, "tables": outcomes})
    count(MAINTENANCE, RunsSucceeded=1, FilesJoined=files_joined(report))
    logger.info("maintenance_succeeded", run_id=run.run_id, tables=outcomes)
    return {"state": run.state, "tables": outcomes}


def note_upkeep(report: MaintenanceReport) -> None:
    known = ledger().upkeep()
    for record in upkeep_records(report, known):
        ledger().note_upkeep(record)


def fail(request: Fail, catalog: str) -> Answer:
    first = ledger().fail_run(request.run_id, request.error, request.cause)
    run = ledger().run(request.run_id)
    if run is None or run.state is not RunState.FAILED:
        raise TerminalError(f"Run {request.run_id} cannot fail: it is recorded as {run.state if run else 'unknown'}.")
    if run.dataset == MAINTENANCE:  # it moves no rows, so it has no lineage
        if report := documents().find(f"{folder(run.run_id)}/maintenance.json", MaintenanceReport):
            note_upkeep(report)
    else:
        tell(run, lineage_of_failure(run, catalog))
    about: dict[str, Any] = {"dataset": run.dataset, "run_id": run.run_id, "error": run.error, "cause": run.cause}
    event_bus().send("RunFailed", about)
    if first:
        count(run.dataset, RunsFailed=1)
    logger.error("run_failed", files=run.files, **about)
    return {"state": run.state, "files": run.files}


def lineage_of_failure(run: RunRecord, catalog: str) -> Lineage:
    if dataset_of(run.run_id) == REFRESH:
        report = documents().find(f"{folder(run.run_id)}/refresh.json", RefreshReport)
        return refresh_lineage(run, report, upstreams(), catalog)
    loaded = documents().find(f"{folder(run.run_id)}/etl.json", EtlReport)
    return lineage(run, ledger().run_files(run.run_id), loaded, catalog)


def upstreams() -> dict[str, list[str]]:
    """The tables each built table is built from."""
    tables = [table for contract in contracts.load_all() for table in contract.tables if table.build]
    return {table.physical_name: [up.table for up in table.build.upstreams] for table in tables if table.build}


def tell(run: RunRecord, told: Lineage) -> None:
    uri = f"s3://{settings().artifacts_bucket}/lineage/{run.dataset}/{run.run_id}.jsonl"
    documents().write(uri, open_lineage(told), "application/jsonlines")


def folder(run_id: str) -> str:
    return f"s3://{settings().artifacts_bucket}/runs/{run_id}"


def glue_catalog(function_arn: str) -> str:
    """The ARN of the Glue catalog beside this function: the same partition, region and account."""
    _, partition, _, region, account, *_ = function_arn.split(":")
    return f"arn:{partition}:glue:{region}:{account}"
