"""Last steps of the state machines: put on record that a run succeeded, or that it failed and why.

A load is reconciled first: rows read = published + quarantined + duplicate, and what was published is what was audited.
Each step may be invoked again after a crash: what is recorded in the ledger stays, documents are written anew with the
same content, and only the event may be sent twice.
"""

from typing import Annotated, Literal, TypeAlias

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, Field, RootModel

from cartlake import contracts
from cartlake.aws import s3
from cartlake.errors import TerminalError
from cartlake.events import RunFailed, RunSucceeded
from cartlake.ledger import FileState, RunRecord, RunState
from cartlake.lineage.model import LineageRun
from cartlake.lineage.runs import Catalog, InputFile, ingest_run, maintenance_run, refresh_run
from cartlake.maintenance.documents import MaintenanceReport
from cartlake.raw_zone import is_replay
from cartlake.runs.documents import Manifest, RefreshReport, TransformReport
from cartlake.runs.folder import Step
from cartlake.runs.ids import Workflow
from cartlake.runs.reconciliation import ReconciliationError, reconcile
from lambdas.run_recorder.domain import (
    check_published,
    claimed_ids,
    files_joined,
    maintenance_records,
    published_days,
    repeated_keys,
    time_and_cost,
)
from lambdas.run_recorder.fallbacks import FallBack, fall_back
from lambdas.run_recorder.published import published_report
from lambdas.run_recorder.rejections import RejectFiles, reject_files
from lambdas.run_recorder.repeats import Repeat, repeat
from lambdas.run_recorder.settings import settings
from lambdas.run_recorder.slices import end_slice, note_slice
from lambdas.shared.clients import event_bus, ledger
from lambdas.shared.counting import count
from lambdas.shared.entry import Answer, entry, logger
from lambdas.shared.lineage import catalog_of, write_lineage
from lambdas.shared.metric_names import quarantine_percent

settings()  # a bad environment fails the cold start


class Record(BaseModel):
    """`published_snapshot_id` is what the publisher answered, null when there was nothing to publish."""

    action: Literal["record"]
    run_id: str
    report_uri: str
    published_snapshot_id: str | None


class RecordRefresh(BaseModel):
    """From a refresh or a forecast, which builds tables too."""

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


class RecordPublished(BaseModel):
    """The execution of a load has ended, and the run did not. Its rows may be published."""

    action: Literal["record_published"]
    run_id: str


AnyRequest: TypeAlias = Annotated[
    Record | RecordRefresh | RecordMaintenance | RecordPublished | FallBack | RejectFiles | Repeat | Fail,
    Field(discriminator="action"),
]


class Request(RootModel[AnyRequest]):
    pass


@entry(Request)
def lambda_handler(request: Request, context: LambdaContext) -> Answer:  # noqa: PLR0911 - one for each action
    catalog = catalog_of(context.invoked_function_arn)
    match request.root:
        case Record() as done:
            return succeed(done, catalog)
        case RecordRefresh() as rebuilt:
            return succeed_refresh(rebuilt, catalog)
        case RecordMaintenance() as maintained:
            return succeed_maintenance(maintained, catalog)
        case RecordPublished() as ended:
            return {"recorded": record_published(ended, catalog)}
        case FallBack() as given_up:
            return fall_back(given_up)
        case RejectFiles() as bad:
            return reject_files(bad)
        case Repeat() as rewritten:
            return repeat(rewritten)
        case Fail() as failed:
            return fail(failed, catalog)


def succeed(request: Record, catalog: Catalog) -> Answer:
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
    run = ledger().runs.finish(
        request.run_id,
        report.rows,
        request.report_uri,
        report.cost_usd,
        deletes=report.deletes,
        deleted=report.deleted,
    )
    refuse_failed(run)
    end_slice(run)
    rows = report.rows
    write_lineage(run.run_id, lambda: lineage_of_load(run, report, catalog))
    event_bus().send(
        RunSucceeded(workflow=run.workflow, dataset=run.dataset, run_id=run.run_id, rows=rows, files=run.files)
    )
    count(
        run.subject,
        RunsSucceeded=1,
        **time_and_cost(run),
        RunBytes=sum(file.size for file in ledger().runs.files(run.run_id)),
        RowsRead=rows.read,
        RowsPublished=rows.published,
        RowsQuarantined=rows.quarantined,
        RowsDuplicate=rows.duplicate,
        QuarantinePercent=quarantine_percent(rows.read, rows.quarantined),
    )
    logger.info("run_succeeded", run_id=run.run_id, files=run.files, **rows.model_dump())
    return {"state": run.state, "rows": rows.model_dump(), "files": run.files}


def record_published(request: RecordPublished, catalog: Catalog) -> bool:
    """Record that a run succeeded if its rows are published, and return whether it did.

    Otherwise it has failed. What is built from published rows is stale even so. A backfill has further steps after the
    rows are published, so it fails, and goes on when it is resumed.
    """
    report = published_report(request.run_id)
    run = ledger().runs.get(request.run_id)
    if report is None or run is None:
        return False
    if run.backfill is not None:
        mark_stale(report, report.snapshot_id)
        return False
    uri = settings().folder(run.run_id).report(Step.TRANSFORM)
    done = Record(action="record", run_id=run.run_id, report_uri=uri, published_snapshot_id=report.snapshot_id)
    try:
        succeed(done, catalog)
    except TerminalError:
        logger.exception("published_but_failed", run_id=run.run_id)
        return False
    return True


def mark_stale(report: TransformReport, published_snapshot_id: str | None) -> None:
    """Note that what is built from the published rows is stale."""
    if published_snapshot_id is not None and report.touched_days:
        table = contracts.load(report.dataset).table.physical_name
        ledger().stale.mark(report.run_id, table, published_days(report))


def check(report: TransformReport, published_snapshot_id: str | None, *, backfill: bool) -> None:
    """Check that every row and file is accounted for, and that what was audited is what was published.

    Raises ReconciliationError.
    """
    try:
        reconcile(report, claimed_ids(ledger().runs.files(report.run_id), report.run_id, backfill=backfill))
        check_published(report, published_snapshot_id)
    except ReconciliationError:
        count(report.dataset, ReconciliationMismatches=1)
        raise


def refuse_failed(run: RunRecord | None) -> None:
    """Raises TerminalError for a run that is on record as failed: it cannot succeed any more."""
    if run is not None and run.state is RunState.FAILED:
        raise TerminalError(f"Run {run.run_id} was recorded as {run.state} before: {run.error}: {run.cause}")


def files_loaded(report: TransformReport, *, backfill: bool) -> None:
    """Record the files as LOADED; those of a backfill were so before, and their rows are now of this run."""
    run_id = report.run_id
    if not backfill:
        ledger().runs.loaded(run_id, [file.file_id for file in report.files])
        note_copies(report)
        return
    manifest = s3.read_model(settings().folder(run_id).manifest, Manifest)
    ledger().reloads.mark_reloaded(run_id, [file.file_id for file in manifest.files], manifest.contract_version)


def note_copies(report: TransformReport) -> None:
    """Record the newest full copy among the files of a run, where each file is the whole table."""
    if contracts.load(report.dataset).table.full_copy is None:
        return
    loaded = [file for file in ledger().runs.files(report.run_id) if file.state is FileState.LOADED]
    copies = [file for file in loaded if not is_replay(file.key)]
    if copies:
        ledger().copies.note(max(copies, key=lambda file: file.recency))


def succeed_refresh(request: RecordRefresh, catalog: Catalog) -> Answer:
    """Record that a refresh or a forecast succeeded."""
    report = s3.read_model(request.report_uri, RefreshReport)
    run = ledger().runs.finish(request.run_id, None, request.report_uri, report.cost_usd)
    refuse_failed(run)
    write_lineage(run.run_id, lambda: refresh_run(run, [], report, catalog))
    tables = [table.table for table in report.tables]
    event_bus().send(RunSucceeded(workflow=run.workflow, run_id=run.run_id, tables=tables))
    rebuilt = [table.rows for table in report.tables if table.outcome == "rebuilt"]  # not those of a check
    count(run.subject, RunsSucceeded=1, **time_and_cost(run), TablesRebuilt=len(rebuilt), RowsRebuilt=sum(rebuilt))
    logger.info("refresh_succeeded", run_id=run.run_id, tables=tables, rows=report.rows)
    return {"state": run.state, "tables": tables}


def succeed_maintenance(request: RecordMaintenance, catalog: Catalog) -> Answer:
    """Record that a run of maintenance succeeded, and what it did for every table."""
    report = s3.read_model(request.report_uri, MaintenanceReport)
    note_maintenance(report)
    run = ledger().runs.finish(request.run_id, None, request.report_uri)
    refuse_failed(run)
    write_lineage(run.run_id, lambda: maintenance_run(run, [], report, catalog))
    outcomes: dict[str, str] = {table.table: table.outcome for table in report.tables}
    event_bus().send(RunSucceeded(workflow=run.workflow, run_id=run.run_id, outcomes=outcomes))
    count(run.subject, RunsSucceeded=1, FilesJoined=files_joined(report), RepeatedKeys=repeated_keys(report))
    logger.info("maintenance_succeeded", run_id=run.run_id, tables=outcomes)
    return {"state": run.state, "tables": outcomes}


def note_maintenance(report: MaintenanceReport) -> None:
    """Record how maintenance of every table ended."""
    for record in maintenance_records(report, ledger().maintenance.last()):
        ledger().maintenance.note(record)


def fail(request: Fail, catalog: Catalog) -> Answer:
    """Record that a run failed. Raises TerminalError if it is on record as succeeded."""
    folder = settings().folder(request.run_id)
    if request.published_snapshot_id is not None:
        mark_stale(s3.read_model(folder.report(Step.TRANSFORM), TransformReport), request.published_snapshot_id)
    first = ledger().runs.fail(request.run_id, request.error, request.cause)
    run = ledger().runs.get(request.run_id)
    if run is None or run.state is not RunState.FAILED:
        raise TerminalError(f"Run {request.run_id} cannot fail: it is recorded as {run.state if run else 'unknown'}.")
    if run.workflow is Workflow.MAINTENANCE and (
        report := s3.find_model(folder.report(Step.MAINTENANCE), MaintenanceReport)
    ):
        note_maintenance(report)
    write_lineage(run.run_id, lambda: lineage_of_failure(run, catalog))
    event = RunFailed(workflow=run.workflow, dataset=run.dataset, run_id=run.run_id, error=run.error, cause=run.cause)
    event_bus().send(event)
    if first:
        count(run.subject, RunsFailed=1)
    logger.error("run_failed", files=run.files, **event.model_dump(mode="json"))
    return {"state": run.state, "files": run.files}


def lineage_of_load(run: RunRecord, report: TransformReport | None, catalog: Catalog) -> LineageRun:
    """Return the lineage of a run that loads files."""
    return ingest_run(run, map(InputFile.of, ledger().runs.files(run.run_id)), report, catalog)


def lineage_of_failure(run: RunRecord, catalog: Catalog) -> LineageRun:
    """Return the lineage of a run that failed, as far as its job had come."""
    folder = settings().folder(run.run_id)
    match run.workflow:
        case Workflow.REFRESH:
            return refresh_run(run, [], s3.find_model(folder.report(Step.REFRESH), RefreshReport), catalog)
        case Workflow.FORECAST:
            return refresh_run(run, [], s3.find_model(folder.report(Step.FORECAST), RefreshReport), catalog)
        case Workflow.MAINTENANCE:
            done = s3.find_model(folder.report(Step.MAINTENANCE), MaintenanceReport)
            return maintenance_run(run, [], done, catalog)
        case Workflow.INGEST:
            loaded = s3.find_model(folder.report(Step.TRANSFORM), TransformReport)
            return lineage_of_load(run, loaded, catalog)
