"""`lake deploy`: deploy this checkout, test it, and bring the release before back when the test finds a fault."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path  # noqa: TC003 -- typer reads annotations when it runs
from typing import Annotated

import typer

from cartlake_cli.context import lake_of
from cartlake_cli.deployment.deploying import Deployment, deploy
from cartlake_cli.deployment.releases import Release
from cartlake_cli.errors import Exit
from cartlake_cli.options import Json  # noqa: TC001 -- typer reads annotations when it runs


def register(app: typer.Typer) -> None:
    """Add `lake deploy`."""
    app.command("deploy")(run_deploy)


def run_deploy(
    context: typer.Context,
    previous: Annotated[
        Path | None,
        typer.Option(
            help="Checkout of the release in use, to go back to. Without it a fault leaves this one deployed."
        ),
    ] = None,
    quick: Annotated[bool, typer.Option(help="Test with one dataset.")] = False,
    timeout: Annotated[
        int, typer.Option(min=10, metavar="SECONDS", help="How long nothing may change in the smoke test.")
    ] = 600,
    json: Json = False,
) -> None:
    """Deploy this checkout and run the smoke test; on a fault, bring the previous release back. Exits with 1 then."""
    lake = lake_of(context)
    before = Release(previous.resolve(), lake.environment) if previous else None
    smoke = ["--timeout", str(timeout), *(["--quick"] if quick else [])]
    # The ledger is read when it is needed: before the first deployment there is none.
    done = deploy(Release(lake.root, lake.environment), before, lambda: lake.ledger, smoke)
    if lake.output.as_json:
        lake.output.json(asdict(done))
    elif done.fault is None:
        lake.output.say(f"[green]{lake.environment} runs this release[/green]; the smoke test passed.")
    else:
        lake.output.say(described(done, lake.environment))
    if done.fault is not None:
        raise typer.Exit(Exit.FAILED)


def described(done: Deployment, environment: str) -> str:
    """Return what to print after a rollback: why, what was loaded again, and what to look at."""
    lines = [f"[red]The release was taken back from {environment}.[/red] {done.fault}"]
    lines += [f"Loaded again: `lake {' '.join(replay.arguments)}`" for replay in done.replays]
    if done.loaded:
        lines.append(
            f"Published while the release was in use: {', '.join(done.loaded)}. If its values may be wrong, "
            "`lake backfill DATASET --from DAY --to DAY` reads these files again by the contract in use now."
        )
    return "\n".join(lines)
