"""`lake recompute`: build tables anew from what they are built from, or only compare them with what they should be."""

import json as jsonlib
import secrets
import time
from typing import Annotated, Any

import typer

from cartlake import contracts
from cartlake.cli.context import Lake, lake_of
from cartlake.cli.errors import CommandError, Exit, NotFoundError
from cartlake.cli.follow import PATIENCE_SECONDS, POLL_SECONDS, follow_refresh
from cartlake.cli.options import Json
from cartlake.errors import TerminalError
from cartlake.ledger import RunRecord, RunState
from cartlake.runs import REFRESH, RefreshReport, new_run_id
from cartlake.staleness import WHOLE, Graph
from cartlake.times import utc_now

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
    """Mark the tables stale, start the refresh, and wait until nothing is stale any more."""
    before = {run.run_id for run in lake.ledger.runs(REFRESH)}
    mark_stale(lake, names)
    runs = [run for run in follow_refresh(lake) if run.run_id not in before]
    reports = [report_of(lake, run) for run in sorted(runs, key=lambda run: run.started_at)]
    return reports[0].model_copy(update={"tables": [table for report in reports for table in report.tables]})


def run_check(lake: Lake, names: list[str]) -> RefreshReport:
    """Compare the tables while no refresh is at work; returns what differs."""
    run_id = new_run_id(REFRESH, utc_now(), secrets.token_hex(3))
    waited_since = time.monotonic()
    while not lake.ledger.acquire_lock(REFRESH, run_id):
        if time.monotonic() - waited_since > PATIENCE_SECONDS:
            raise CommandError("A refresh has been at work for 15 minutes. `lake runs refresh` says which.")
        time.sleep(POLL_SECONDS)
    lake.client("stepfunctions").start_execution(
        stateMachineArn=lake.outputs.state_machine_arns[REFRESH],
        name=run_id,
        input=jsonlib.dumps({"dataset": REFRESH, "run_id": run_id, "check": names}),
    )
    follow_refresh(lake)
    run = lake.ledger.run(run_id)
    if run is None:
        raise CommandError(f"The comparison {run_id} never began. `lake logs` says why.")
    return report_of(lake, run)


def mark_stale(lake: Lake, names: list[str]) -> None:
    """Note that these tables are to be built anew, and start the refresh."""
    request = new_run_id("recompute", utc_now(), secrets.token_hex(3))
    for name in names:
        lake.ledger.mark_stale(request, name, WHOLE)
    start_refresh(lake)


def start_refresh(lake: Lake) -> None:
    """Start rebuilding what is stale, unless that is at work already. Raises CommandError when it cannot be started."""
    request = jsonlib.dumps({"action": "start", "dataset": REFRESH}).encode()
    answer = lake.client("lambda").invoke(FunctionName=lake.outputs.functions["file_router"], Payload=request)
    if "FunctionError" in answer:
        raise CommandError(f"The refresh could not be started: {answer['Payload'].read().decode()}")


def report_of(lake: Lake, run: RunRecord) -> RefreshReport:
    """What a refresh did. Raises CommandError for one that failed, with its cause."""
    if run.state is not RunState.SUCCEEDED:
        raise CommandError(f"Refresh {run.run_id} {run.state}: {run.error}: {run.cause}")
    key = f"runs/{run.run_id}/refresh.json"
    body = lake.client("s3").get_object(Bucket=lake.outputs.buckets["artifacts"], Key=key)["Body"].read()
    return RefreshReport.model_validate_json(body)


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
