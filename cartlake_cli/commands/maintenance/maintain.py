"""`lake maintain`: check all tables, and maintain those that need it."""

from typing import Annotated, Any

import typer

from cartlake.ledger import RunRecord, RunState
from cartlake.maintenance.documents import MaintenancePlan, MaintenanceRequest
from cartlake_cli.commands.maintenance.records import MAINTAINED, maintenance_rows
from cartlake_cli.context import Lake, lake_of
from cartlake_cli.errors import Exit
from cartlake_cli.named_tables import named_table
from cartlake_cli.operations.coordinator import start_maintenance
from cartlake_cli.operations.follow import wait_for_run
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
    force: Annotated[bool, typer.Option("--force", help="Maintain also where little would change.")] = False,
    keep_snapshots_days: Annotated[
        float | None,
        typer.Option(min=0, help="Expire older versions than this, whatever the contract says."),
    ] = None,
    wait: Annotated[bool, typer.Option(help="Wait until it is done, and show what was done.")] = True,
    json: Json = False,
) -> None:
    """Compact small files, remove deleted rows, expire old versions, delete orphan files, where it is needed."""
    lake = lake_of(context)
    names = physical_names(tables) if tables else None
    request = MaintenanceRequest(tables=names, force=force, keep_snapshots_days=keep_snapshots_days)
    run_id = start_maintenance(lake, request)
    if not wait:
        lake.output.record("Maintenance was started", {"run_id": run_id})
        return
    run = wait_for_run(lake, run_id)
    report, plan = (run_document_if_any(lake, run_id, name) for name in ("maintenance", "plan"))
    if lake.output.as_json:
        lake.output.json({"run": run.model_dump(mode="json"), "plan": plan, "report": report})
    else:
        _show(lake, run, plan, report)
    if run.state is not RunState.SUCCEEDED:
        raise typer.Exit(Exit.FAILED)


def physical_names(tables: list[str]) -> list[str]:
    """Return the physical names of tables. Raises NotFoundError that lists all tables."""
    return [named_table(name)[1].physical_name for name in tables]


def _show(lake: Lake, run: RunRecord, plan: dict[str, Any], report: dict[str, Any]) -> None:
    if report:
        lake.output.records(f"Maintenance {run.run_id}", MAINTAINED, maintenance_rows(report["tables"]))
    if run.state is not RunState.SUCCEEDED:
        lake.output.say(f"[red]Maintenance {run.run_id} {run.state}[/red]: {run.error}: {run.cause}")
        return
    skipped = MaintenancePlan.model_validate(plan).skipped if plan else []
    if not report:
        lake.output.say(f"[green]Nothing to do[/green]: {len(skipped)} tables were checked, no job was started.")
    else:
        lake.output.say(f"{len(skipped)} other tables were checked and need no maintenance.")
    for one in skipped:
        if one.reason not in ("no maintenance needed", "it was never written"):
            lake.output.say(f"{one.table}: {one.reason}")
