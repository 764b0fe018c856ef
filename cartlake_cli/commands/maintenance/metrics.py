"""`lake metrics`: what the lake is doing, for Prometheus and Grafana."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final

import typer

from cartlake.times import utc_now
from cartlake_cli.context import lake_of
from cartlake_cli.costs.records import runs_since
from cartlake_cli.monitoring.prometheus import exposition
from cartlake_cli.operations.health import health_of
from cartlake_cli.operations.status import status_of

GRAFANA: Final = Path(__file__).parents[2] / "monitoring" / "grafana.json"


def register(app: typer.Typer) -> None:
    """Add `lake metrics`."""
    app.command("metrics")(metrics)


def metrics(
    context: typer.Context,
    prometheus: Annotated[bool, typer.Option("--prometheus", help="Print metrics in Prometheus' text format.")] = False,
    grafana: Annotated[bool, typer.Option("--grafana", help="Print a Grafana dashboard of these metrics.")] = False,
) -> None:
    """Print files, tables, runs, rows and costs as metrics, or a Grafana dashboard that shows them."""
    if prometheus == grafana:
        raise typer.BadParameter("Give --prometheus for the metrics, or --grafana for the dashboard.")
    if grafana:
        typer.echo(GRAFANA.read_text(), nl=False)
        return
    lake = lake_of(context)
    day = runs_since(lake, utc_now() - timedelta(days=1))
    typer.echo(exposition(status_of(lake, compare=False), health_of(lake), day), nl=False)
