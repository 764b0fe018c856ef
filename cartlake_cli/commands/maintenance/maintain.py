"""`lake maintain`: look at all tables, and have those maintained that it pays for."""

import json as jsonlib
import time
from typing import Annotated, Any

import typer

from cartlake.ledger import RunRecord, RunState
from cartlake.maintenance.documents import MaintenancePlan, MaintenanceRequest
from cartlake.runs.ids import Workflow
from cartlake_cli.commands.maintenance.records import MAINTAINED, maintenance_rows
from cartlake_cli.commands.runs.follow import PATIENCE_SECONDS, POLL_SECONDS
from cartlake_cli.commands.tables.named_tables import named_table
from cartlake_cli.context import Lake, lake_of
from cartlake_cli.errors import CommandError, Exit
from cartlake_cli.operations.run_documents import run_document_if_any
from cartlake_cli.options import Json

TableNames = Annotated[
    list[str] | None, typer.Argument(metavar="[TABLE]...", help="With or without the database; all by default.")
]


def register(app: typer.Typer) -> None:
    app.command("maintain")(maintain)


def maintain(
    context: typer.Context,
    tables: TableNames = None,
    force: Annotated[bool, typer.Option("--force", help="Do also what hardly pays.")] = False,
    keep_snapshots_days: Annotated[
        float | None,
        typer.Option(min=0, help="Expire older versions, whatever the contract says: time travel ends there."),
    ] = None,
    wait: Annotated[bool, typer.Option(help="Wait until it is done, and show what was done.")] = True,
    json: Json = False,
) -> None:
    """Join small files, drop deleted rows, expire old versions, clear away what belongs to nothing: where it pays."""
    lake = lake_of(context)
    names = physical_names(tables) if tables else None
    run_id = start(lake, MaintenanceRequest(tables=names, force=force, keep_snapshots_days=keep_snapshots_days))
    if not wait:
        lake.output.record("Maintenance was started", {"run_id": run_id})
        return
    run = wait_for(lake, run_id)
    report, plan = (run_document_if_any(lake, run_id, name) for name in ("maintenance", "plan"))
    if lake.output.as_json:
        lake.output.json({"run": run.model_dump(mode="json"), "plan": plan, "report": report})
    else:
        _show(lake, run, plan, report)
    if run.state is not RunState.SUCCEEDED:
        raise typer.Exit(Exit.FAILED)


def physical_names(tables: list[str]) -> list[str]:
    """Raises NotFoundError naming the tables there are."""
    return [named_table(name)[1].physical_name for name in tables]


def start(lake: Lake, request: MaintenanceRequest) -> str:
    """Ask for maintenance; returns its run. Raises CommandError if another is at work, or nobody answers."""
    payload = jsonlib.dumps({"action": "maintain", **request.model_dump()}).encode()
    answer = lake.client("lambda").invoke(FunctionName=lake.outputs.functions["run_coordinator"], Payload=payload)
    said = jsonlib.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise CommandError(f"Maintenance could not be started: {said.get('errorMessage', said)}")
    if said["outcome"] == "already_running":
        raise CommandError(
            f"Maintenance is at work already: run {said['run_id']}. Wait for it "
            f"(`lake runs --dataset {Workflow.MAINTENANCE}`), then ask again."
        )
    return str(said["run_id"])


def wait_for(lake: Lake, run_id: str) -> RunRecord:
    """The run once it is over and has freed its place. Raises CommandError when it does not move for 15 minutes."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        lock, run = lake.ledger.locks.get(Workflow.MAINTENANCE), lake.ledger.runs.get(run_id)
        if run is not None and run.state is not RunState.RUNNING and (lock is None or lock.run_id != run_id):
            return run
        if time.monotonic() > deadline:
            raise CommandError(f"Run {run_id} has not ended for {PATIENCE_SECONDS:.0f} s. `lake run show {run_id}`.")
        time.sleep(POLL_SECONDS)


def _show(lake: Lake, run: RunRecord, plan: dict[str, Any], report: dict[str, Any]) -> None:
    if report:
        lake.output.records(f"Maintenance {run.run_id}", MAINTAINED, maintenance_rows(report["tables"]))
    if run.state is not RunState.SUCCEEDED:
        lake.output.say(f"[red]Maintenance {run.run_id} {run.state}[/red]: {run.error}: {run.cause}")
        return
    well = MaintenancePlan.model_validate(plan).skipped if plan else []
    if not report:
        lake.output.say(f"[green]Nothing to do[/green]: {len(well)} tables were looked at, no job was started.")
    else:
        lake.output.say(f"{len(well)} other tables were looked at and left alone.")
    for one in well:
        if one.reason not in ("nothing would pay", "it was never written"):
            lake.output.say(f"{one.table}: {one.reason}")
