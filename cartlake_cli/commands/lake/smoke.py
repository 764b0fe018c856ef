"""`lake smoke`: prove that a deployed lake works, and remove what that took."""

from typing import Annotated

import typer

from cartlake_cli.context import lake_of
from cartlake_cli.errors import Exit
from cartlake_cli.options import Json


def register(app: typer.Typer) -> None:
    """Add `lake smoke`."""
    app.command("smoke")(smoke)


def smoke(
    context: typer.Context,
    quick: Annotated[
        bool, typer.Option("--quick", help="Only one dataset, and neither views nor named queries.")
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Remove nothing, to look at it; the next smoke test does.")
    ] = False,
    timeout: Annotated[
        int, typer.Option(min=10, metavar="SECONDS", help="How long nothing may change before a step has failed.")
    ] = 600,
    json: Json = False,
) -> None:
    """Drop small files, wait for their rows, ask views and queries, remove all of it. Prints a page of Markdown."""
    from cartlake_cli.smoke.smoke import run_smoke  # noqa: PLC0415 - a second of import

    lake = lake_of(context)
    with lake.output.messages.status("Proving that the lake works"):
        report = run_smoke(lake, quick=quick, keep=keep, timeout_seconds=timeout)
    if lake.output.as_json:
        lake.output.json(report.json())
    else:
        lake.output.lines(report.markdown())
    if report.failed:
        raise typer.Exit(Exit.FAILED)
