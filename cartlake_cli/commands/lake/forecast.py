"""`lake forecast`: forecast demand now, instead of at the next time of the schedule."""

from typing import Annotated, Any, Final

import typer

from cartlake.ledger import RunRecord, RunState
from cartlake_cli.context import Lake, lake_of
from cartlake_cli.errors import Exit
from cartlake_cli.operations.coordinator import start_forecast
from cartlake_cli.operations.follow import wait_for_run
from cartlake_cli.operations.run_documents import run_document_if_any
from cartlake_cli.options import Json

COLUMNS: Final = ("table", "outcome", "rows", "error")


def register(app: typer.Typer) -> None:
    """Add `forecast` to the command line."""
    app.command()(forecast)


def forecast(
    context: typer.Context,
    wait: Annotated[bool, typer.Option(help="Wait until it is done, and show what was published.")] = True,
    json: Json = False,
) -> None:
    """Forecast demand for 28 days, measure price elasticities, and say what a change of price would do."""
    lake = lake_of(context)
    run_id = start_forecast(lake)
    if not wait:
        lake.output.record("The forecast was started", {"run_id": run_id})
        return
    run = wait_for_run(lake, run_id)
    report = run_document_if_any(lake, run_id, "forecast")
    if lake.output.as_json:
        lake.output.json({"run": run.model_dump(mode="json"), "report": report})
    else:
        _show(lake, run, report)
    if run.state is not RunState.SUCCEEDED:
        raise typer.Exit(Exit.FAILED)


def _show(lake: Lake, run: RunRecord, report: dict[str, Any]) -> None:
    if run.state is not RunState.SUCCEEDED:
        lake.output.say(f"[red]Forecast {run.run_id} {run.state}[/red]: {run.error}: {run.cause}")
        return
    rows = [{name: table[name] for name in COLUMNS} for table in report["tables"]]
    lake.output.records(f"Forecast {run.run_id}", COLUMNS, rows)
