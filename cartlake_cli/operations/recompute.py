"""Rebuilds tables from their upstreams, or compares them with a rebuilt copy and changes nothing."""

import json
import secrets
import time

from botocore.exceptions import ClientError

from cartlake import contracts
from cartlake.aws.clients import error_code
from cartlake.errors import TerminalError
from cartlake.ledger import RunRecord, RunState
from cartlake.refresh.graph import WHOLE, Graph
from cartlake.runs.documents import RefreshReport
from cartlake.runs.ids import Workflow, new_run_id
from cartlake.times import utc_now
from cartlake_cli.context import Lake
from cartlake_cli.errors import CommandError, NotFoundError
from cartlake_cli.operations.coordinator import start_run
from cartlake_cli.operations.follow import (
    POLL_SECONDS,
    STALL_TIMEOUT_SECONDS,
    WHICH_RUN,
    follow_refresh,
    wait_for_refresh,
)
from cartlake_cli.operations.run_documents import run_report

ALL = "all"


def physical_names(tables: list[str]) -> list[str]:
    """Return the tables in the order they are built. Raises NotFoundError for one that is not built from others."""
    graph = Graph.of(contracts.load_all())
    if tables == [ALL]:
        return list(graph.order)
    try:
        wanted = {graph.table(name).physical_name for name in tables}
    except TerminalError as error:
        raise NotFoundError(str(error)) from error
    return [name for name in graph.order if name in wanted]


def run_recompute(lake: Lake, names: list[str]) -> RefreshReport:
    """Mark tables stale, start the refresh, and wait for it; returns its report. Raises CommandError if it fails."""
    # Read before the request: a refresh that had ended by then cannot have rebuilt these tables.
    over = {run.run_id for run in lake.ledger.runs.list(Workflow.REFRESH) if run.state is not RunState.RUNNING}
    request = mark_stale(lake, names)
    runs = [run for run in follow_refresh(lake) if run.run_id not in over and _took(lake, run, request)]
    if not runs:
        raise CommandError(f"No refresh has taken {', '.join(names)}. {WHICH_RUN} says what happened.")
    reports = [report_of(lake, run.run_id) for run in sorted(runs, key=lambda run: run.started_at)]
    return reports[0].model_copy(update={"tables": [table for report in reports for table in report.tables]})


def run_check(lake: Lake, names: list[str]) -> RefreshReport:
    """Compare the tables while no refresh is running; returns what differs.

    Raises CommandError when a refresh runs for longer than 15 minutes, or starts at the same moment.
    """
    run_id = new_run_id(Workflow.REFRESH, utc_now(), secrets.token_hex(3))
    asked_at = time.monotonic()
    # The check takes the lock itself, so that no refresh changes tables while they are compared.
    while not lake.ledger.locks.acquire(Workflow.REFRESH, run_id):
        if time.monotonic() - asked_at > STALL_TIMEOUT_SECONDS:
            raise CommandError(f"A refresh has been running for 15 minutes. {WHICH_RUN} shows it.")
        time.sleep(POLL_SECONDS)
    _start_check(lake, run_id, names)
    wait_for_refresh(lake)
    return report_of(lake, run_id)


def _start_check(lake: Lake, run_id: str, names: list[str]) -> None:
    """Start the execution of a run that holds the lock."""
    try:
        lake.client("stepfunctions").start_execution(
            stateMachineArn=lake.outputs.state_machine_arns[Workflow.REFRESH],
            name=run_id,
            input=json.dumps({"subject": Workflow.REFRESH, "run_id": run_id, "check": names}),
        )
    except ClientError as error:
        # The run coordinator starts an execution for a lock without one, to rebuild tables. That run keeps the lock.
        if error_code(error) == "ExecutionAlreadyExists":
            raise CommandError("A refresh started at the same moment. Wait for it, then check again.") from error
        lake.ledger.locks.release(Workflow.REFRESH, run_id)
        raise


def mark_stale(lake: Lake, names: list[str]) -> str:
    """Mark all rows of these tables stale, and start the refresh; returns the run id of the marks."""
    request = mark_whole(lake, names)
    start_run(lake, Workflow.REFRESH)
    return request


def mark_whole(lake: Lake, names: list[str]) -> str:
    """Mark all rows of these tables stale, for the next refresh; returns the run id of the marks."""
    request = new_run_id("recompute", utc_now(), secrets.token_hex(3))
    for name in names:
        lake.ledger.stale.mark(request, name, WHOLE)
    return request


def _took(lake: Lake, run: RunRecord, request: str) -> bool:
    return any(mark.run_id == request for mark in lake.ledger.stale.of_run(run.run_id))


def report_of(lake: Lake, run_id: str) -> RefreshReport:
    """Return the report of a refresh. Raises CommandError for one that failed, with its cause."""
    run = lake.ledger.runs.get(run_id)
    if run is None:
        raise CommandError(f"Refresh {run_id} never began. `lake logs` says why.")
    if run.state is not RunState.SUCCEEDED:
        raise CommandError(f"Refresh {run.run_id} {run.state}: {run.error}: {run.cause}")
    return run_report(lake, run_id, "refresh", RefreshReport)
