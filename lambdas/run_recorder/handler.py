"""Last steps of the state machines: put on record that a run succeeded, or that it failed and why.

A load is reconciled first: rows read = published + quarantined + duplicate, and what was published is what was audited.
Each step may be invoked again after a crash: what is recorded in the ledger stays, documents are written anew with the
same content, and only the event may be sent twice.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, TypeAlias

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, Field, RootModel

from cartlake import contracts
from cartlake.aws import s3
from cartlake.errors import TerminalError
from cartlake.events import RunFailed, RunSucceeded
from cartlake.ledger import RunRecord, RunState
from cartlake.maintenance.documents import MaintenanceReport
from cartlake.runs.documents import Manifest, RefreshReport, TransformReport
from cartlake.runs.folder import Step
from cartlake.runs.ids import Workflow
from cartlake.runs.reconciliation import reconcile
from lambdas.run_recorder.adapters import open_lineage
from lambdas.run_recorder.domain import (
    LineageRun,
    check_published,
    claimed_ids,
    files_joined,
    lineage,
    maintenance_records,
    published_days,
    refresh_lineage,
    repeated_keys,
)
from lambdas.run_recorder.fallbacks import FallBack, fall_back
from lambdas.run_recorder.rejections import RejectFiles, reject_files
from lambdas.run_recorder.repeats import Repeat, repeat
from lambdas.run_recorder.settings import settings
from lambdas.run_recorder.slices import end_slice, note_slice
from lambdas.shared.clients import event_bus, ledger
from lambdas.shared.counting import count
from lambdas.shared.entry import Answer, entry, logger

settings()  # a bad environment fails the cold start


class Record(BaseModel):
    """`published_snapshot_id` is what the publisher answered, null when there was nothing to publish."""

    action: Literal["record"]
    run_id: str
    report_uri: str
    published_snapshot_id: str | None


class RecordRefresh(BaseModel):
    action: Literal["record_refresh"]
    run_id: str
    report_uri: str


class RecordMaintenance(BaseModel):
    action: Literal["record_maintenance"]
    run_id: str
    report_uri: str


class Fail(BaseModel):
    """A run failed. With `published_snapshot_id`, it failed after its rows had been published."""

    action: Literal["fail"]
    run_id: str
    error: str = "Unknown"
    cause: str = ""
    published_snapshot_id: str | None = None


AnyRequest: TypeAlias = Annotated[
    Record | RecordRefresh | RecordMaintenance | FallBack | RejectFiles | Repeat | Fail, Field(discriminator="action")
]


class Request(RootModel[AnyRequest]):
    pass


@entry(Request)
def lambda_handler(request: Request, context: LambdaContext) -> Answer:  # noqa: PLR0911 - one for each action
    catalog = glue_catalog(context.invoked_function_arn)
    match request.root:
        case Record() as done:
            return succeed(done, catalog)
        case RecordRefresh() as rebuilt:
            return succeed_refresh(rebuilt, catalog)
        case RecordMaintenance() as maintained:
            return succeed_maintenance(maintained)
        case FallBack() as given_up:
            return fall_back(given_up)
        case RejectFiles() as bad:
            return reject_files(bad)
        case Repeat() as rewritten:
            return repeat(rewritten)
        case Fail() as failed:
            return fail(failed, catalog)


def succeed(request: Record, catalog: str) -> Answer:
    """Record that a load succeeded. Raises ReconciliationError if its rows do not add up."""
    report = s3.read_model(request.report_uri, TransformReport)
    mark_stale(report, request.published_snapshot_id)  # first: readers see the rows, even if the run fails
    begun = ledger().runs.get(request.run_id)
    refuse_failed(begun)
    backfill = begun is not None and begun.backfill is not None
    check(report, request.published_snapshot_id, backfill=backfill)
    files_loaded(report, backfill=backfill)
    if begun is not None:
        note_slice(begun, report)
    run = ledger().runs.finish(request.run_id, report.rows, request.report_uri, report.cost_usd)
    refuse_failed(run)
    end_slice(run)
    rows = report.rows
    write_lineage(run, lineage(run, ledger().runs.files(run.run_id), report, catalog))
    event_bus().send(
        RunSucceeded(workflow=run.workflow, dataset=run.dataset, run_id=run.run_id, rows=rows, files=run.files)
    )
    count(
        run.subject,
        RunsSucceeded=1,
        RowsRead=rows.read,
        RowsPublished=rows.published,
        RowsQuarantined=rows.quarantined,
        RowsDuplicate=rows.duplicate,
    )
    logger.info("run_succeeded", run_id=run.run_id, files=run.files, **rows.model_dump())
    return {"state": run.state, "rows": rows.model_dump(), "files": run.files}


def mark_stale(report: TransformReport, published_snapshot_id: str | None) -> None:
    """Note that what is built from the published rows is stale."""
    if published_snapshot_id is not None and report.touched_days:
        table = contracts.load(report.dataset).table.physical_name
        ledger().stale.mark(report.run_id, table, published_days(report))


def check(report: TransformReport, published_snapshot_id: str | None, *, backfill: bool) -> None:
    """Check that every row and file is accounted for, and that what was audited is what was published.

    Raises ReconciliationError.
    """
    reconcile(report, claimed_ids(ledger().runs.files(report.run_id), report.run_id, backfill=backfill))
    check_published(report, published_snapshot_id)


def refuse_failed(run: RunRecord | None) -> None:
    """Raises TerminalError for a run that is on record as failed: it cannot succeed any more."""
    if run is not None and run.state is RunState.FAILED:
        raise TerminalError(f"Run {run.run_id} was recorded as {run.state} before: {run.error}: {run.cause}")


def files_loaded(report: TransformReport, *, backfill: bool) -> None:
    """Record the files as LOADED; those of a backfill were so before, and their rows are now of this run."""
    run_id = report.run_id
    if not backfill:
        ledger().runs.loaded(run_id, [file.file_id for file in report.files])
        return
    manifest = s3.read_model(settings().folder(run_id).manifest, Manifest)
    ledger().reloads.mark_reloaded(run_id, [file.file_id for file in manifest.files], manifest.contract_version)


def succeed_refresh(request: RecordRefresh, catalog: str) -> Answer:
    """Record that a refresh succeeded."""
    report = s3.read_model(request.report_uri, RefreshReport)
    run = ledger().runs.finish(request.run_id, None, request.report_uri, report.cost_usd)
    refuse_failed(run)
    write_lineage(run, refresh_lineage(run, report, upstreams(), catalog))
    tables = [table.table for table in report.tables]
    event_bus().send(RunSucceeded(workflow=run.workflow, run_id=run.run_id, tables=tables))
    rebuilt = [table.rows for table in report.tables if table.outcome == "rebuilt"]  # not those of a check
    count(run.subject, RunsSucceeded=1, TablesRebuilt=len(rebuilt), RowsRebuilt=sum(rebuilt))
    logger.info("refresh_succeeded", run_id=run.run_id, tables=tables, rows=report.rows)
    return {"state": run.state, "tables": tables}


def succeed_maintenance(request: RecordMaintenance) -> Answer:
    """Record that a run of maintenance succeeded, and what it did for every table."""
    report = s3.read_model(request.report_uri, MaintenanceReport)
    note_maintenance(report)
    run = ledger().runs.finish(request.run_id, None, request.report_uri)
    refuse_failed(run)
    outcomes: dict[str, str] = {table.table: table.outcome for table in report.tables}
    event_bus().send(RunSucceeded(workflow=run.workflow, run_id=run.run_id, outcomes=outcomes))
    count(run.subject, RunsSucceeded=1, FilesJoined=files_joined(report), RepeatedKeys=repeated_keys(report))
    logger.info("maintenance_succeeded", run_id=run.run_id, tables=outcomes)
    return {"state": run.state, "tables": outcomes}


def note_maintenance(report: MaintenanceReport) -> None:
    """Record how maintenance of every table ended."""
    for record in maintenance_records(report, ledger().maintenance.last()):
        ledger().maintenance.note(record)


def fail(request: Fail, catalog: str) -> Answer:
    """Record that a run failed. Raises TerminalError if it is on record as succeeded."""
    folder = settings().folder(request.run_id)
    if request.published_snapshot_id is not None:
        mark_stale(s3.read_model(folder.report(Step.TRANSFORM), TransformReport), request.published_snapshot_id)
    first = ledger().runs.fail(request.run_id, request.error, request.cause)
    run = ledger().runs.get(request.run_id)
    if run is None or run.state is not RunState.FAILED:
        raise TerminalError(f"Run {request.run_id} cannot fail: it is recorded as {run.state if run else 'unknown'}.")
    if run.workflow is Workflow.MAINTENANCE:  # it moves no rows, so it has no lineage
        if report := s3.find_model(folder.report(Step.MAINTENANCE), MaintenanceReport):
            note_maintenance(report)
    else:
        write_lineage(run, lineage_of_failure(run, catalog))
    event = RunFailed(workflow=run.workflow, dataset=run.dataset, run_id=run.run_id, error=run.error, cause=run.cause)
    event_bus().send(event)
    if first:
        count(run.subject, RunsFailed=1)
    logger.error("run_failed", files=run.files, **event.model_dump(mode="json"))
    return {"state": run.state, "files": run.files}


def lineage_of_failure(run: RunRecord, catalog: str) -> LineageRun:
    """Return the lineage of a run that failed, as far as its job had come."""
    folder = settings().folder(run.run_id)
    if run.workflow is Workflow.REFRESH:
        report = s3.find_model(folder.report(Step.REFRESH), RefreshReport)
        return refresh_lineage(run, report, upstreams(), catalog)
    loaded = s3.find_model(folder.report(Step.TRANSFORM), TransformReport)
    return lineage(run, ledger().runs.files(run.run_id), loaded, catalog)


def upstreams() -> Mapping[str, Sequence[str]]:
    """Return the tables each built table is built from."""
    tables = [table for contract in contracts.load_all() for table in contract.tables if table.build]
    return {table.physical_name: [up.table for up in table.build.upstreams] for table in tables if table.build}


def write_lineage(run: RunRecord, event: LineageRun) -> None:
    """Write the OpenLineage events of a run."""
    s3.write_text(settings().folder(run.run_id).lineage(run.subject), open_lineage(event), "application/jsonlines")


def glue_catalog(function_arn: str) -> str:
    """Return the ARN of the Glue catalog in the partition, region and account of this function."""
    _, partition, _, region, account, *_ = function_arn.split(":")
    return f"arn:{partition}:glue:{region}:{account}"
