"""`lake monitor`: what a scheduled check of the data looks at: freshness, volume and quality beside the days before."""

from __future__ import annotations

from typing import Annotated

import typer

from cartlake import contracts
from cartlake.runs.trends import DAYS, Trend, by_day, trend_of
from cartlake.times import utc_now
from cartlake_cli.context import Lake, lake_of
from cartlake_cli.errors import Exit
from cartlake_cli.monitoring.page import findings, monitoring_page
from cartlake_cli.operations.health import health_of
from cartlake_cli.options import Json  # noqa: TC001 -- typer reads annotations when it runs

MOST_RUNS = 3000
"""Runs of a dataset that are looked at: a hundred a day."""


def register(app: typer.Typer) -> None:
    """Add `lake monitor`."""
    app.command("monitor")(monitor)


def monitor(
    context: typer.Context,
    json: Json = False,
    fail: Annotated[bool, typer.Option(help="Exit with 1 when something is found.")] = True,
) -> None:
    """Compare freshness, rows and refused rows with the contracts and the 28 days before, as Markdown."""
    lake = lake_of(context)
    trends = trends_of(lake)
    found = findings(health_of(lake), trends)
    if lake.output.as_json:
        lake.output.json({"environment": lake.environment, "findings": found, "days": DAYS})
    else:
        lake.output.lines([monitoring_page(lake.environment, found, trends).rstrip("\n")])
    if found and fail:
        raise typer.Exit(Exit.FAILED)


def trends_of(lake: Lake) -> list[Trend]:
    """Return the trend of each dataset that ever had a run."""
    today, ledger = utc_now().date(), lake.ledger
    runs = {name: ledger.runs.list(name, limit=MOST_RUNS) for name in sorted(contracts.names())}
    return [trend_of(name, by_day(of_dataset), today) for name, of_dataset in runs.items() if of_dataset]
