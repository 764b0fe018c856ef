"""`lake history`, `lake rollback` and `lake diff`: list the versions of a table, roll back to one, compare two."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cartlake import contracts
from cartlake.contracts import Contract, Table
from cartlake.refresh.graph import Graph
from cartlake.tables.snapshots import Version, find_version, go_back, versions
from cartlake_cli.athena.client import athena_of
from cartlake_cli.athena.table_diff import count_sql, examples_sql
from cartlake_cli.context import Lake, lake_of
from cartlake_cli.errors import CommandError
from cartlake_cli.named_tables import columns_at, current, lock_on, placement, table_named
from cartlake_cli.operations.backfill import backfill_command
from cartlake_cli.operations.recompute import run_recompute
from cartlake_cli.options import Json

if TYPE_CHECKING:
    from pyiceberg.table import Table as IcebergTable

COLUMNS = ["since", "snapshot_id", "operation", "added_rows", "removed_rows", "rows", "data_files", "run_id", "now"]
TableName = Annotated[str, typer.Argument(metavar="TABLE", help="Its name, with or without the database.")]
BETWEEN = ".."


def register(app: typer.Typer) -> None:
    app.command("history")(history)
    app.command("rollback")(rollback)
    app.command("diff")(diff)


def history(context: typer.Context, table: TableName, json: Json = False) -> None:
    """List the versions of a table that readers saw, newest first, and which run wrote each."""
    lake = lake_of(context)
    _, described, stored = table_named(lake, table)
    rows = [_row(version) for version in versions(stored)]
    lake.output.records(f"Versions of {described.physical_name}", COLUMNS, rows)


def rollback(
    context: typer.Context,
    table: TableName,
    to: Annotated[str, typer.Option("--to", metavar="SNAPSHOT|TIME|RUN", help="The version to go back to.")],
    dependents: Annotated[
        bool, typer.Option(help="Rebuild the tables that are built from it as well, and wait for them.")
    ] = True,
    json: Json = False,
) -> None:
    """Roll a table back to an earlier version, in one commit. Nothing is deleted, so it can be undone."""
    lake = lake_of(context)
    contract, described, stored = table_named(lake, table)
    name = described.physical_name
    _check_no_run_writes(lake, contract, described)
    known = versions(stored)
    current = next((version for version in known if version.is_current), None)
    wanted = find_version(stored, name, to)
    if current is not None and wanted.snapshot_id == current.snapshot_id:
        raise CommandError(f"{name} is already at {to}, snapshot {current.snapshot_id}. Nothing was changed.")
    # By time, not by parent: after an earlier rollback the history is not a line of parents.
    undone = [version for version in known if version.since > wanted.since]
    go_back(stored, wanted.snapshot_id)
    names = _built_from(described)
    rebuilt = run_recompute(lake, names).tables if names and dependents else []
    done = {
        "table": name,
        "snapshot_before": str(current.snapshot_id) if current else None,
        "snapshot_now": str(wanted.snapshot_id),
        "rows_before": current.rows if current else None,
        "rows_now": wanted.rows,
        "runs_undone": sorted({version.run_id for version in undone if version.run_id}),
        "rebuilt": [one.table for one in rebuilt if one.outcome == "rebuilt"],
        "left_alone": names if not dependents else [],
        "backfill": _reload_command(lake, contract, described, undone),
    }
    lake.output.record(f"{name} was rolled back to {wanted.since:%Y-%m-%d %H:%M:%S} UTC", done)
    _say_what_follows(lake, described, done)


def diff(
    context: typer.Context,
    table: TableName,
    between: Annotated[str, typer.Argument(metavar="A..B", help="Two versions; without B, the current one.")],
    json: Json = False,
) -> None:
    """Compare two versions of a table by its primary key: rows added, changed and removed, with examples."""
    lake = lake_of(context)
    _, described, stored = table_named(lake, table)
    name = described.physical_name
    older, separator, newer = between.partition(BETWEEN)
    if not separator or not older:
        raise CommandError(f"{between!r} is not two versions: write A..B, each a snapshot id, a run id or a time.")
    before = find_version(stored, name, older)
    after = find_version(stored, name, newer) if newer else current(stored, name)
    columns, lost, new = _columns_of_both(stored, described, before, after)
    athena, placed = athena_of(lake), ".".join(placement(lake).identifier(described))
    arguments = (described, placed, columns, before.snapshot_id, after.snapshot_id)
    counted = {str(row["change"]): int(str(row["rows"])) for row in athena.run(count_sql(*arguments)).records()}
    changes = {kind: counted.get(kind, 0) for kind in ("added", "changed", "removed")}
    examples = athena.run(examples_sql(*arguments)).records() if counted else []
    if lake.output.as_json:
        ends = {"before": str(before.snapshot_id), "after": str(after.snapshot_id)}
        columns_changed = {"columns_added": new, "columns_dropped": lost}
        lake.output.json({"table": name, **ends, "rows": changes, **columns_changed, "examples": examples})
        return
    lake.output.record(f"{name}, {before.snapshot_id} to {after.snapshot_id}", changes)
    for words, names in (("not in the older version", new), ("not in the newer version", lost)):
        if names:
            lake.output.say(f"Columns {words}, so not compared: {', '.join(names)}")
    if examples:
        lake.output.records("Examples", ["change", *described.primary_key, "changed_columns"], examples)


def _check_no_run_writes(lake: Lake, contract: Contract, table: Table) -> None:
    lock = lock_on(lake, contract, table)
    if lock is not None:
        raise CommandError(
            f"Run {lock.run_id} is writing {table.physical_name}. Wait for it (`lake status`), then roll back."
        )


def _built_from(table: Table) -> list[str]:
    """Return the tables directly built from this one. A refresh of them also rebuilds what is built from them."""
    return Graph.of(contracts.load_all()).built_from(table.physical_name)


def _row(version: Version) -> dict[str, Any]:
    """Return a version for people and programs. Its id is text, because JSON numbers lose digits of 64 bits."""
    about = {**asdict(version), "snapshot_id": str(version.snapshot_id), "since": f"{version.since:%Y-%m-%d %H:%M:%S}"}
    return {**about, "now": "<-" if version.is_current else None}


def _reload_command(lake: Lake, contract: Contract, table: Table, undone: list[Version]) -> str | None:
    """Return the command that loads the files again whose rows were undone; None where there is no such file."""
    runs = [version.run_id for version in undone if version.run_id]
    return None if table.build else backfill_command(lake, contract.name, runs)


def _say_what_follows(lake: Lake, table: Table, done: dict[str, Any]) -> None:
    name, left_alone = table.physical_name, done["left_alone"]
    if left_alone:
        lake.output.say(f"[yellow]Still built from the newer version:[/yellow] {', '.join(left_alone)}.")
        lake.output.say(f"  lake recompute {' '.join(left_alone)}")
    if table.build:
        lake.output.say(f"{name} is built from other tables: the next change of one of them rebuilds it.")
    elif done["backfill"]:
        lake.output.say(
            f"Files loaded since then are still LOADED in the ledger. To load them again: {done['backfill']}"
        )
    lake.output.say(f"To undo this: lake rollback {name} --to {done['snapshot_before']}")


def _columns_of_both(
    stored: "IcebergTable", table: Table, before: Version, after: Version
) -> tuple[list[str], list[str], list[str]]:
    """Return the columns that both versions have, those only the older one has, and those only the newer one has."""
    older, newer = (columns_at(stored, version) for version in (before, after))
    ours = [column.name for column in table.value_columns]
    both = [name for name in ours if name in older and name in newer]
    added_by_lake = {column.name for column in table.columns if column.added_by_lake}
    return both, sorted(older - newer - added_by_lake), sorted(newer - older - added_by_lake)
