"""`lake cost`: what runs, datasets, queries and a month cost, from what is on record and one table of list prices."""

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cartlake.times import utc_now
from cartlake_cli.context import Lake, lake_of
from cartlake_cli.costs import records
from cartlake_cli.costs.prices import Prices, price_table
from cartlake_cli.costs.reckoning import DAYS_A_MONTH, by_query, by_subject, query_usd, run_usd, standing_usd
from cartlake_cli.options import Json

if TYPE_CHECKING:
    from cartlake.ledger import RunRecord


class By(StrEnum):
    """What costs are added up by."""

    ITEM = "item"
    RUN = "run"
    DATASET = "dataset"
    QUERY = "query"
    DAY = "day"


COLUMNS = {
    By.ITEM: ["item", "usd", "usd_a_month"],
    By.RUN: ["run_id", "state", "engine", "engine_usd", "usd"],
    By.DATASET: ["dataset", "runs", "usd"],
    By.QUERY: ["query", "queries", "usd"],
    By.DAY: ["day", "runs", "usd"],
}


def register(app: typer.Typer) -> None:
    """Add `lake cost`."""
    app.command("cost")(cost)


def cost(
    context: typer.Context,
    by: Annotated[By, typer.Option("--by", help="Add up by this.")] = By.ITEM,
    days: Annotated[int, typer.Option("--days", min=1, max=400, help="So many days back.")] = DAYS_A_MONTH,
    json: Json = False,
) -> None:
    """Show what the lake cost by list prices: by item, run, dataset, query or day."""
    lake = lake_of(context)
    table = price_table()
    rows = _rows(lake, by, days, table.usd)
    total = round(sum(row["usd"] for row in rows), 6)
    if lake.output.as_json:
        lake.output.json({"days": days, "prices_of": table.as_of, "rows": rows, "usd": total})
        return
    lake.output.records(f"Cost of {days} days by {by}", COLUMNS[by], [_shown(row) for row in rows])
    lake.output.say(
        f"${total:,.4f} by list prices of us-east-1 of {table.as_of}, without free tiers: docs/cost.md. "
        "The bill is in AWS's Cost Explorer."
    )


def _rows(lake: Lake, by: By, days: int, price: Prices) -> list[dict[str, Any]]:
    since = utc_now() - timedelta(days=days)
    if by is By.QUERY:
        queries = records.queries_since(lake, since)
        numbers = {name: sum(query.name == name for query in queries) for name in {query.name for query in queries}}
        return [{"query": name, "queries": numbers[name], "usd": usd} for name, usd in by_query(queries, price).items()]
    runs = records.runs_since(lake, since)
    match by:
        case By.RUN:
            return [_run_row(run, price) for run in reversed(runs)]
        case By.DATASET:
            numbers = {name: sum(run.subject == name for run in runs) for name in {run.subject for run in runs}}
            return [
                {"dataset": name, "runs": numbers[name], "usd": usd} for name, usd in by_subject(runs, price).items()
            ]
        case By.DAY:
            return [
                {"day": day, "runs": len(some), "usd": sum(run_usd(run, price) for run in some)}
                for day, some in sorted(records.per_day(runs).items())
            ]
        case _:
            return _items(lake, runs, days, price)


def _items(lake: Lake, runs: Sequence["RunRecord"], days: int, price: Prices) -> list[dict[str, Any]]:
    queries = records.queries_since(lake, utc_now() - timedelta(days=days))
    engines = sum(run.cost_usd or 0.0 for run in runs)
    found = {
        "engines of runs": engines,
        "other steps of runs": sum(run_usd(run, price) for run in runs) - engines,
        "queries": sum(query_usd(query, price) for query in queries),
        **standing_usd(records.standing_of(lake), price, days),
    }
    months = days / DAYS_A_MONTH
    ordered = sorted(found.items(), key=lambda item: -item[1])
    return [{"item": item, "usd": usd, "usd_a_month": usd / months} for item, usd in ordered]


def _run_row(run: "RunRecord", price: Prices) -> dict[str, Any]:
    return {
        "run_id": run.run_id,
        "state": run.state,
        "engine": run.engine.engine if run.engine else None,
        "engine_usd": run.cost_usd,
        "usd": run_usd(run, price),
    }


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with amounts as text: most are fractions of a cent."""
    return {name: f"{value:.6f}" if isinstance(value, float) else value for name, value in row.items()}
