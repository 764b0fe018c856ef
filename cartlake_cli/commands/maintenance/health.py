"""`lake health`: the state of every table by its metadata and the ledger, and what maintenance would do."""

from typing import Any

import typer

from cartlake.ledger import RunState
from cartlake.maintenance.key_check import repeated_keys_advice
from cartlake_cli.commands.maintenance.maintain import TableNames, physical_names
from cartlake_cli.context import lake_of
from cartlake_cli.errors import Exit
from cartlake_cli.operations.health import health_of
from cartlake_cli.options import Json

COLUMNS = ["table", "state", "age h", "sla h", "rows", "MB", "files", "removable", "deletes", "versions"]
COLUMNS += ["quarantined", "repeated keys", "last run", "would do"]


def register(app: typer.Typer) -> None:
    app.command("health")(health)


def health(context: typer.Context, tables: TableNames = None, json: Json = False) -> None:
    """Show the state of tables: freshness, files, deletes, versions, quarantine, and what maintenance would do.

    Exits with 1 when a table is older than the SLA of its contract allows, its metadata cannot be read, or keys stood
    more than once in it when maintenance last searched for them.
    """
    lake = lake_of(context)
    found = health_of(lake, physical_names(tables) if tables else None)
    bad = [row for row in found if row["state"] in ("overdue", "unreadable")]
    repeated = [row for row in found if row["repeated_keys"]]
    if lake.output.as_json:
        lake.output.json(found)
    else:
        lake.output.records(f"Tables of {lake.environment}", COLUMNS, [_flat(row) for row in found])
        for row in bad:
            lake.output.say(f"[red]{row['table']} is {row['state']}[/red]: {row['reason']}")
        for row in repeated:
            searched = row["maintenance"]["last"]["keys_checked_at"][:10]
            advice = repeated_keys_advice(row["table"], row["repeated_keys"])
            lake.output.say(f"[red]Found on {searched}[/red]: {advice}")
        lake.output.say(_next(lake.outputs.maintenance_schedule))
    if bad or repeated:
        raise typer.Exit(Exit.FAILED)


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    """Return what a person reads. Zeros and successful runs are left out, so their columns are shown only if needed."""
    rate, last = row["quarantine_rate"], row["last_run"]
    return {
        "table": row["table"],
        "state": row["state"],
        "age h": row["age_hours"],
        "sla h": row["promised_hours"],
        "rows": row.get("rows"),
        "MB": None if "size" not in row else round(row["size"] / 1e6, 2),
        "files": row.get("data_files"),
        "removable": row.get("removable_files") or None,
        "deletes": row.get("deleted_rows") or None,
        "versions": row.get("snapshots"),
        "quarantined": None if rate is None else f"{rate:.2%}",
        "repeated keys": row["repeated_keys"] or None,
        "last run": last["state"] if last and last["state"] != RunState.SUCCEEDED else None,
        "would do": ", ".join(need["action"] for need in row["maintenance"]["would_do"]) or None,
    }


def _next(schedule: str | None) -> str:
    if schedule is None:
        return "Maintenance has no schedule here. Start it with [bold]lake maintain[/bold]."
    return f"Maintenance is scheduled by {schedule}, UTC. Start it now with [bold]lake maintain[/bold]."
