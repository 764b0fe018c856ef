"""`lake plan`: what a Terraform plan changes, as Markdown for a pull request."""

from __future__ import annotations

import json
from pathlib import Path  # noqa: TC003 -- typer reads annotations when it runs
from typing import Annotated, Any

import typer

from cartlake_cli.context import lake_of
from cartlake_cli.deployment.plan_page import plan_page
from cartlake_cli.deployment.plans import read_plan
from cartlake_cli.errors import CommandError


def register(app: typer.Typer) -> None:
    """Add `lake plan`."""
    app.command("plan")(plan)


def plan(
    context: typer.Context,
    plan_file: Annotated[Path, typer.Argument(metavar="PLAN", help="What `terraform show -json` printed of a plan.")],
    contracts: Annotated[
        Path | None, typer.Option(help="What `lake contracts diff --json` printed; adds a section on contracts.")
    ] = None,
) -> None:
    """Describe a Terraform plan in Markdown: resources, contracts, rights and cost."""
    lake = lake_of(context)
    page = plan_page(lake.environment, read_plan(plan_file), _read(contracts) if contracts else None)
    lake.output.lines([page.rstrip("\n")])


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise CommandError(f"{path} is not JSON ({fault}). `lake contracts diff REF --json` prints it.") from fault
