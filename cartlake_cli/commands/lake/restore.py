"""`lake restore`: bring tables, views and the ledger back after they were deleted from Glue and DynamoDB."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cartlake_cli.context import Lake, lake_of
from cartlake_cli.errors import Exit
from cartlake_cli.options import Json
from cartlake_cli.restore.backup import LedgerBackup

if TYPE_CHECKING:
    from cartlake_cli.restore.restore import RestorePlan

TABLE_COLUMNS = ["table", "action", "rows", "written at", "metadata file", "detail"]


def register(app: typer.Typer) -> None:
    """Add `lake restore`."""
    app.command("restore")(restore)


def restore(
    context: typer.Context,
    yes: Annotated[bool, typer.Option("--yes", help="Restore. Without it only show what would be done.")] = False,
    ledger_backup: Annotated[
        str | None, typer.Option("--ledger-backup", metavar="ARN", help="Copy this backup of the ledger first.")
    ] = None,
    ledger_at: Annotated[
        datetime | None,
        typer.Option("--ledger-at", metavar="TIME", help="Copy the ledger as it was at this time (UTC) first."),
    ] = None,
    without_backup: Annotated[
        bool, typer.Option("--without-backup", help="Rebuild an empty ledger from the lake's own files only.")
    ] = False,
    json: Json = False,
) -> None:
    """Register lost Iceberg tables again from their files, and restore the ledger. Shows the plan without --yes."""
    from cartlake_cli.restore import restore as restoring  # noqa: PLC0415 - seconds to import

    lake = lake_of(context)
    chosen = _backup(ledger_backup, ledger_at)
    plan = restoring.plan_restore(lake, chosen, without_backup=without_backup)
    shown = described(plan)
    if not yes:
        _show_plan(lake, plan, shown)
    else:
        done = restoring.restore(lake, plan)
        lake.output.record("Restored", {**done, "lost": shown["lost"]})
        lake.output.say("Check it with [bold]lake status[/bold] and [bold]lake tables plan --check[/bold].")
    if plan.lost:
        raise typer.Exit(Exit.FAILED)


def described(plan: "RestorePlan") -> dict[str, Any]:
    """Return a plan as JSON values."""
    return {
        "tables": [_row(table) for table in plan.tables],
        "ledger": {
            "backup": str(plan.backup) if plan.backup else None,
            "files": {str(state): number for state, number in sorted(plan.files.items())},
            "runs": {str(state): number for state, number in sorted(plan.runs.items())},
            "refresh": sorted({mark.table for mark in plan.records.marks}),
            "unknown_files": [one.version.key for one in plan.unknown],
            "open_runs": plan.records.open_runs,
            "unreadable_documents": plan.unreadable,
        },
        "lost": [table.table for table in plan.lost],
        "needed": plan.is_needed,
    }


def _row(table: Any) -> dict[str, Any]:
    file = table.file
    return {
        "table": table.table,
        "action": table.action,
        "rows": file.rows if file else None,
        "written at": datetime.fromtimestamp(file.updated_ms / 1000, UTC) if file else None,
        "metadata file": file.uri if file else None,
        "detail": table.detail or None,
    }


def _backup(arn: str | None, at: datetime | None) -> LedgerBackup | None:
    if arn and at:
        raise typer.BadParameter("give --ledger-backup or --ledger-at, not both")
    if at is not None:
        return LedgerBackup(at=at if at.tzinfo else at.replace(tzinfo=UTC))
    return LedgerBackup(arn=arn) if arn else None


def _show_plan(lake: Lake, plan: "RestorePlan", shown: dict[str, Any]) -> None:
    if lake.output.as_json:
        lake.output.json(shown)
        return
    changed = [row for row in shown["tables"] if row["action"] != "keep" or row["detail"]]
    lake.output.records("Tables", TABLE_COLUMNS, changed)
    ledger = shown["ledger"] | {"unknown_files": len(plan.unknown), "open_runs": len(plan.records.open_runs)}
    ledger["unreadable_documents"] = len(plan.unreadable)
    lake.output.record("Ledger: what it lacks", ledger)
    if plan.unknown:
        lake.output.say(
            "Of the unknown files nothing proves what became of them. Those with the content of a loaded file become "
            "its duplicates; `lake sweep` has the others validated and loaded."
        )
    end = "`lake restore --yes` does this." if plan.is_needed else "Nothing is missing."
    lake.output.say(f"Nothing was changed. {end}")
