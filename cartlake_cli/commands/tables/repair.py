"""`lake tables repair`: point a table whose metadata file is missing or truncated to the newest intact one."""

import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cartlake.contracts import Contract, Table
from cartlake.maintenance.documents import owner_of
from cartlake.tables.catalog import load_catalog
from cartlake.times import stamp
from cartlake_cli.context import Lake, lake_of
from cartlake_cli.errors import CommandError, NotFoundError
from cartlake_cli.migrations.placement import Placement
from cartlake_cli.named_tables import lock_on, named_table
from cartlake_cli.operations.backfill import backfill_command
from cartlake_cli.options import Json

if TYPE_CHECKING:
    from cartlake_cli.migrations.repair import BrokenTable, Repair

RUNS_LOOKED_AT = 50
UNPROVEN = "it is unknown whether it was ever committed"


def repair(
    context: typer.Context,
    table: Annotated[str, typer.Argument(metavar="TABLE", help="Its name, with or without the database.")],
    to: Annotated[
        str | None, typer.Option("--to", metavar="FILE", help="Use this metadata file, not the newest intact one.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Repair without asking.")] = False,
    json: Json = False,
) -> None:
    """Show what is lost, then point Glue to the newest metadata file that is intact."""
    lake = lake_of(context)
    contract, described = named_table(table, Placement(lake.outputs.databases, {}))
    broken = _open(lake, described)
    found = broken.find(to)
    if found is None:
        lake.output.record(f"{described.physical_name} can be read: nothing was changed", {"repaired": False})
        return
    _check_no_run_writes(lake, contract, described)
    later = _runs_since(lake, contract, described, found)
    shown = _shown(described, found, later)
    if not (yes or _agrees(lake, found, shown)):
        raise CommandError("Nothing was changed. Repeat the command with --yes to repair the table as shown.")
    broken.make(found)
    lake.output.record(f"{described.physical_name} was repaired from {found.file.uri}", {**shown, "repaired": True})
    _say_what_follows(lake, contract, described, later)


def _open(lake: Lake, table: Table) -> "BrokenTable":
    from cartlake_cli.migrations.repair import BrokenTable  # noqa: PLC0415 - a second of import

    lake.connect()
    database, name = Placement(lake.outputs.databases, {}).identifier(table)
    catalog = load_catalog()
    try:
        return BrokenTable(catalog, database, name)
    except catalog.glue.exceptions.EntityNotFoundException as error:
        raise NotFoundError(f"{table.physical_name} is not in Glue. `lake tables apply` creates it.") from error


def _check_no_run_writes(lake: Lake, contract: Contract, table: Table) -> None:
    lock = lock_on(lake, contract, table)
    if lock is not None:
        raise CommandError(
            f"Run {lock.run_id} is writing {table.physical_name}. It will fail, because the table cannot be "
            "read. Wait for it (`lake status`), then repair."
        )


def _runs_since(lake: Lake, contract: Contract, table: Table, found: "Repair") -> list[str]:
    """Return the runs that ended after the chosen metadata file was written, sorted."""
    written, owner = found.file.written_at, owner_of(contract, table)
    if written is None or owner is None:
        return []
    runs = lake.ledger.runs.list(owner, limit=RUNS_LOOKED_AT)
    return sorted(run.run_id for run in runs if run.ended_at and run.ended_at > stamp(written))


def _shown(table: Table, found: "Repair", later: Sequence[str]) -> dict[str, Any]:
    return {
        "table": table.physical_name,
        "broken": f"{found.broken_file or 'Glue names no metadata file'} {found.fault}",
        "back to": found.file.uri,
        "written at": found.file.written_at,
        "commits lost": found.commits_lost,
        "snapshots lost": [asdict(one) for one in found.snapshots_lost] or None,
        "runs since": later or None,
        "newer files left out": [{"file": one.uri, "why": one.fault or UNPROVEN} for one in found.newer_files] or None,
        "known to have been the table": found.is_proven,
    }


def _agrees(lake: Lake, found: "Repair", shown: dict[str, Any]) -> bool:
    # A program cannot answer a question; it gets the plan, and repeats the command with --yes.
    if lake.output.as_json or not sys.stdin.isatty():
        lake.output.record(f"To repair {found.table}", shown)
        return False
    lake.output.record(f"To repair {found.table}", shown)
    return typer.confirm("Repair the table as shown?")


def _say_what_follows(lake: Lake, contract: Contract, table: Table, runs: Sequence[str]) -> None:
    name = table.physical_name
    if table.build:
        lake.output.say(f"Rebuild the lost rows: [bold]lake recompute {name}[/bold]")
    elif command := backfill_command(lake, contract.name, runs):
        lake.output.say(
            "Rows of later runs are missing, and their files are still LOADED in the ledger. To load them again: "
            f"[bold]{command}[/bold]"
        )
    lake.output.say(f"To see the versions of the table: [bold]lake history {name}[/bold]")
