"""`lake sweep`: find what no event announces any more, and have it loaded."""

from typing import Annotated, Any

import typer

from cartlake_cli.context import Lake, lake_of
from cartlake_cli.operations.raw_files.sweep import sweep as sweep_lake
from cartlake_cli.options import Json


def register(app: typer.Typer) -> None:
    """Add `lake sweep`."""
    app.command("sweep")(sweep)


def sweep(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what was found.")] = False,
    grace: Annotated[
        int | None,
        typer.Option(min=0, metavar="SECONDS", help="How old a file or a run's end must be; 20 minutes by default."),
    ] = None,
    json: Json = False,
) -> None:
    """Find what was forgotten: files not in the ledger, runs without an execution. Have it loaded."""
    lake = lake_of(context)
    found = sweep_lake(lake, dry_run=dry_run, grace_seconds=grace)
    if lake.output.as_json:
        lake.output.json(found)
    else:
        show(lake, found)


def show(lake: Lake, found: dict[str, Any]) -> None:
    """Print what a sweep found, and what becomes of it."""
    files, runs = found["files"], found["runs"]
    lake.output.record(
        "Found, nothing was changed" if found["dry_run"] else "Found",
        {
            "files compared": files["versions"],
            "files not in the ledger": files["unrecorded"],
            "files received and never validated": files["unjudged"],
            "runs without an execution": ", ".join(runs["closed"]) or "none",
            "datasets with work and no run": ", ".join(runs["waiting"]) or "none",
            "runs that take too long": ", ".join(found.get("stuck", [])) or "none",
            "datasets without a success in time": ", ".join(one["dataset"] for one in found.get("overdue", []))
            or "none",
        },
    )
    for key in files["keys"]:
        lake.output.say(f"  {key}")
    for one in found.get("unusual", []):
        lake.output.say(f"  {one['dataset']}: {one['finding']}")
    if found["dry_run"]:
        lake.output.say("`lake sweep` has it loaded." if found["found"] else "Nothing was forgotten.")
    elif found["found"]:
        lake.output.say(
            f"{files['announced']} files were announced, {runs['files']} files of closed runs wait for the next run."
            " Follow them with [bold]lake status --follow[/bold]."
        )
    if files["rest"] and not found["dry_run"]:
        lake.output.say("The bucket is large: the sweep goes on by itself. `lake logs lake_sweeper` shows it.")
