"""`lake recompute`: build tables anew from what they are built from, or only compare them with what they should be."""

import json as jsonlib
import secrets
import time
from typing import Annotated, Any

import typer
from botocore.exceptions import ClientError

from cartlake import contracts
from cartlake.aws.clients import error_code
from cartlake.errors import TerminalError
from cartlake.ledger import RunRecord, RunState
from cartlake.refresh.graph import WHOLE, Graph
from cartlake.runs.documents import RefreshReport
from cartlake.runs.ids import Workflow, new_run_id
from cartlake.times import utc_now
from cartlake_cli.commands.runs.follow import (
    PATIENCE_SECONDS,
    POLL_SECONDS,
    WHICH_RUN,
    follow_refresh,
    wait_for_refresh,
)
from cartlake_cli.context import Lake, lake_of
from cartlake_cli.errors import CommandError, Exit, NotFoundError
from cartlake_cli.operations.run_documents import run_document
from cartlake_cli.options import Json

ALL = "all"
COLUMNS = ["table", "outcome", "scope", "rows", "seconds"]


def register(app: typer.Typer) -> None:
    app.command("recompute")(recompute)


def recompute(
    context: typer.Context,
    tables: Annotated[list[str], typer.Argument(metavar="TABLE...", help="Tables built from others, or `all`.")],
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing: compare each with what it should be.")
    ] = False,
    json: Json = False,
) -> None:
    """Build tables anew from scratch, and all that is built from them. With --check only report what differs."""
    lake = lake_of(context)
    names = physical_names(tables)
    report = run_check(lake, names) if check else run_recompute(lake, names)
    differing = [table for table in report.tables if table.differences]
    if lake.output.as_json:
        lake.output.json(report.model_dump(mode="json"))
    else:
        lake.output.records("Compared" if check else "Rebuilt", COLUMNS, [t.model_dump() for t in report.tables])
        _show_differences(lake, report)
    if differing:
        raise typer.Exit(Exit.FAILED)


def physical_names(tables: list[str]) -> list[str]:
    """The tables in the order they are built. Raises NotFoundError for one that is not built from others."""
    graph = Graph.of(contracts.load_all())
    if tables == [ALL]:
        return list(graph.order)
    try:
        wanted = {graph.table(name).physical_name for name in tables}
    except TerminalError as error:
        raise NotFoundError(str(error)) from error
    return [name for name in graph.order if name in wanted]


def run_recompute(lake: Lake, names: list[str]) -> RefreshReport:
    """Mark the tables stale, start the refresh, and wait until nothing is stale any more; returns what it did."""
    over = {run.run_id for run in lake.ledger.runs.list(Workflow.REFRESH) if run.state is not RunState.RUNNING}
    request = mark_stale(lake, names)
    runs = [run for run in follow_refresh(lake) if run.run_id not in over and _took(lake, run, request)]
    if not runs:
        raise CommandError(f"No refresh has taken {', '.join(names)}. {WHICH_RUN} says what happened.")
    reports = [report_of(lake, run.run_id) for run in sorted(runs, key=lambda run: run.started_at)]
    return reports[0].model_copy(update={"tables": [table for report in reports for table in report.tables]})


def run_check(lake: Lake, names: list[str]) -> RefreshReport:
    """Compare the tables while no refresh is at work; returns what differs."""
    run_id = new_run_id(Workflow.REFRESH, utc_now(), secrets.token_hex(3))
    waited_since = time.monotonic()
    while not lake.ledger.locks.acquire(Workflow.REFRESH, run_id):
        if time.monotonic() - waited_since > PATIENCE_SECONDS:
            raise CommandError(f"A refresh has been at work for 15 minutes. {WHICH_RUN} says which.")
        time.sleep(POLL_SECONDS)
    _start_check(lake, run_id, names)
    wait_for_refresh(lake)
    return report_of(lake, run_id)


def _start_check(lake: Lake, run_id: str, names: list[str]) -> None:
    """Start the execution of a run that has the lock."""
    try:
        lake.client("stepfunctions").start_execution(
            stateMachineArn=lake.outputs.state_machine_arns[Workflow.REFRESH],
            name=run_id,
            input=jsonlib.dumps({"subject": Workflow.REFRESH, "run_id": run_id, "check": names}),
        )
    except ClientError as error:
        # The run coordinator starts an execution for a lock that has none: it rebuilds tables, and keeps the lock.
        if error_code(error) == "ExecutionAlreadyExists":
            raise CommandError("A refresh began in the same moment. Wait for it, then check again.") from error
        lake.ledger.locks.release(Workflow.REFRESH, run_id)
        raise


def mark_stale(lake: Lake, names: list[str]) -> str:
    """Note that these tables are to be built anew, and start the refresh; returns the run the marks are of."""
    request = new_run_id("recompute", utc_now(), secrets.token_hex(3))
    for name in names:
        lake.ledger.stale.mark(request, name, WHOLE)
    start_refresh(lake)
    return request


def _took(lake: Lake, run: RunRecord, request: str) -> bool:
    return any(mark.run_id == request for mark in lake.ledger.stale.of_run(run.run_id))


def start_refresh(lake: Lake) -> None:
    """Start rebuilding what is stale, unless that is at work already. Raises CommandError when it cannot be started."""
    start_work(lake, Workflow.REFRESH, "The refresh could not be started")


def start_work(lake: Lake, subject: str, failure: str) -> None:
    """Start a run of a dataset, or the refresh, for what waits, unless one is at work.

    Raises CommandError, which begins with `failure`, when it cannot be started.
    """
    request = jsonlib.dumps({"action": "start", "subject": subject}).encode()
    answer = lake.client("lambda").invoke(FunctionName=lake.outputs.functions["run_coordinator"], Payload=request)
    if "FunctionError" in answer:
        raise CommandError(f"{failure}: {answer['Payload'].read().decode()}")


def report_of(lake: Lake, run_id: str) -> RefreshReport:
    """What a refresh did. Raises CommandError for one that failed, with its cause."""
    run = lake.ledger.runs.get(run_id)
    if run is None:
        raise CommandError(f"Refresh {run_id} never began. `lake logs` says why.")
    if run.state is not RunState.SUCCEEDED:
        raise CommandError(f"Refresh {run.run_id} {run.state}: {run.error}: {run.cause}")
    return RefreshReport.model_validate_json(run_document(lake, run_id, "refresh"))


def _show_differences(lake: Lake, report: RefreshReport) -> None:
    rows: list[dict[str, Any]] = [
        {"table": table.table, "only in": found.only_in, "rows": found.rows, "example": jsonlib.dumps(found.example)}
        for table in report.tables
        for found in table.differences
    ]
    if rows:
        lake.output.records("Differences", ["table", "only in", "rows", "example"], rows)
    elif all(table.outcome == "checked" for table in report.tables):
        lake.output.say("[green]Every table is what it should be, to the last row.[/green]")
