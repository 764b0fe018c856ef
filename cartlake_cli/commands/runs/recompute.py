"""`lake recompute`: rebuild tables from their upstreams, or compare them with a rebuilt copy."""

import json as jsonlib
from typing import Annotated, Any

import typer

from cartlake.runs.documents import RefreshReport
from cartlake_cli.context import Lake, lake_of
from cartlake_cli.errors import Exit
from cartlake_cli.operations.recompute import physical_names, run_check, run_recompute
from cartlake_cli.options import Json

COLUMNS = ["table", "outcome", "scope", "rows", "seconds"]


def register(app: typer.Typer) -> None:
    app.command("recompute")(recompute)


def recompute(
    context: typer.Context,
    tables: Annotated[list[str], typer.Argument(metavar="TABLE...", help="Tables built from others, or `all`.")],
    check: Annotated[bool, typer.Option("--check", help="Change nothing: compare each with a rebuilt copy.")] = False,
    json: Json = False,
) -> None:
    """Rebuild tables from scratch, and all tables built from them. With --check only report what differs."""
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


def _show_differences(lake: Lake, report: RefreshReport) -> None:
    rows: list[dict[str, Any]] = [
        {"table": table.table, "only in": found.only_in, "rows": found.rows, "example": jsonlib.dumps(found.example)}
        for table in report.tables
        for found in table.differences
    ]
    if rows:
        lake.output.records("Differences", ["table", "only in", "rows", "example"], rows)
    elif all(table.outcome == "checked" for table in report.tables):
        lake.output.say("[green]Every table has exactly the rows of its rebuilt copy.[/green]")
