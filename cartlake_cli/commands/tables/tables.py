"""`lake tables`: create and change the tables and views of the catalog so that they match the contracts."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cartlake import contracts
from cartlake_cli.commands.tables.repair import repair
from cartlake_cli.context import Lake, lake_of
from cartlake_cli.errors import Exit
from cartlake_cli.migrations.effects import affected_readers
from cartlake_cli.named_tables import placement
from cartlake_cli.operations.catalog import CatalogChanges, apply_changes, plan_changes
from cartlake_cli.options import Json

if TYPE_CHECKING:
    from cartlake_cli.migrations.changes import TableChange

COLUMNS = ["object", "change", "detail", "old data", "read by"]

tables_app = typer.Typer(help="Create, change and repair the tables and views of the contracts.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add `lake tables plan`, `apply` and `repair` to the command line."""
    tables_app.command("plan")(plan)
    tables_app.command("apply")(apply)
    tables_app.command("repair")(repair)
    app.add_typer(tables_app, name="tables")


def plan(
    context: typer.Context,
    check: Annotated[bool, typer.Option("--check", help="Exit with 1 when anything differs, drift included.")] = False,
    json: Json = False,
) -> None:
    """Show what `lake tables apply` would change, what it does to old rows, and which queries and tables read them."""
    lake = lake_of(context)
    rows = _rows(lake, plan_changes(lake))
    lake.output.records("Planned changes", COLUMNS, rows)
    if check and rows:
        raise typer.Exit(Exit.FAILED)


def apply(
    context: typer.Context,
    over_old_files: Annotated[
        bool,
        typer.Option("--over-old-files", help="Create a table also where the files of one lie that Glue has lost."),
    ] = False,
    json: Json = False,
) -> None:
    """Create missing tables and views and change existing ones. A destructive change is refused, not made."""
    lake = lake_of(context)
    lake.output.records("Changes made", COLUMNS, _rows(lake, apply_changes(lake, over_old_files=over_old_files)))


def _rows(lake: Lake, changes: CatalogChanges) -> list[dict[str, Any]]:
    """Return a row per change, for people and for JSON."""
    physical = {
        ".".join(placement(lake).identifier(table)): table.physical_name
        for contract in contracts.load_all()
        for table in contract.tables
    }
    shown = [(change.view.database, change.view.name, change.action) for change in changes.views]
    return [
        *(_row(change, readers) for change, readers in affected_readers(lake.root, changes.tables, physical)),
        *({"object": f"{db}.{name}", "change": action, "detail": ""} for db, name, action in shown),
    ]


def _row(change: "TableChange", read_by: list[str]) -> dict[str, Any]:
    values = f"{change.before or '-'} → {change.after or '-'}" if change.before or change.after else ""
    if change.action in ("sync_catalog", "foreign_column"):
        values = f"{change.before}:"
    return {
        "object": change.table,
        "change": change.action,
        "detail": " ".join(part for part in (change.target, values, change.advice) if part),
        "old data": change.old_data or None,
        "read by": ", ".join(read_by) or None,
        "target": change.target,
        "before": change.before,
        "after": change.after,
        "breaks readers": change.is_breaking,
    }
