"""`lake forget`: erase a person from the whole lake, and report what was removed."""

from typing import TYPE_CHECKING, Annotated

import typer

from cartlake_cli.context import Lake, lake_of
from cartlake_cli.errors import CommandError, Exit
from cartlake_cli.options import Json

if TYPE_CHECKING:
    from cartlake_cli.erasure.documents import Report

MINUTE = 60


def register(app: typer.Typer) -> None:
    """Add `lake forget`."""
    app.command("forget")(forget)


def forget(
    context: typer.Context,
    customer: Annotated[str, typer.Option("--customer", metavar="ID", help="Any customer id of the person.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be removed.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Erase without asking. It cannot be undone.")] = False,
    wait: Annotated[
        float, typer.Option("--wait", min=0, metavar="MINUTES", help="Wait this long for runs to end.")
    ] = 0,
    json: Json = False,
) -> None:
    """Erase a person: raw files, tables, quarantine, exports, query results, notes and old versions. Asks first."""
    from cartlake_cli.erasure.forget import Forgetting  # noqa: PLC0415 - seconds to import

    lake = lake_of(context)
    if not customer.strip():
        raise typer.BadParameter("--customer is empty; give an id as files have it")
    lake.connect()
    forgetting = Forgetting(lake, customer)
    if dry_run:
        _show(lake, forgetting.dry_run())
        return
    if not yes and not typer.confirm(f"Erase all rows of customer {customer} for good?", err=True):
        raise CommandError("Nothing was changed.")
    report = forgetting.run(wait * MINUTE)
    _show(lake, report)
    if report.left:
        raise typer.Exit(Exit.FAILED)


def _show(lake: Lake, report: "Report") -> None:
    if lake.output.as_json:
        lake.output.json(report)
        return
    rows = [{"place": place, **counted} for place, counted in report.counts.items() if any(counted.values())]
    names = ["rows", "files", "deleted_files", "objects", "items"]
    title = "Would be removed" if report.dry_run else "Removed"
    lake.output.records(title, ["place", *names], rows)
    lake.output.records("Copies that stay", ["what", "where", "expires", "advice"], [dict(one) for one in report.kept])
    if report.dry_run:
        lake.output.say(f"{report.records} ids of one person were found. Nothing was changed.")
        return
    lake.output.say(
        f"Erasure {report.erasure}: {report.scanned_objects} object versions were read afterwards, {report.left} of "
        "them still mention the person."
    )
    if report.left:
        lake.output.say("Run `lake forget` again; docs/runbooks/erasure-request.md says what else may be left.")
    if report.rebuilt:
        lake.output.say(f"Being rebuilt: {', '.join(report.rebuilt)}.")
