"""What runs, queries and a month cost, from what was measured and a price table. Pure rules; all results are USD."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cartlake.ledger import RunRecord
    from cartlake_cli.costs.prices import Prices

USAGE: Final = Path(__file__).with_name("usage.toml")
LEAST_SCANNED_BYTES: Final = 10_000_000
"""Athena bills each query for as much at least."""

POLLS_A_DAY: Final = 5 * 86_400 // 20
"""Lambda keeps five pollers on a queue, which ask every 20 seconds when there is nothing."""

DAYS_A_MONTH: Final = 30
HOURS_A_MONTH: Final = 24 * DAYS_A_MONTH
FREE_STATEMENTS: Final = ("DDL", "UTILITY")
SWEEP_METRICS: Final = 1
"""Metrics that each sweep sends, so that they are billed for every hour with one: how many datasets are overdue."""

METRICS_A_DATASET: Final = 12
"""With level `full`: files validated, runs started, on which engine, succeeded, their seconds, bytes and cost; rows
read, published, quarantined, duplicate, and refused in percent."""

_FUNCTION_MB: Final = 512


@dataclass(frozen=True, slots=True)
class Query:
    """A query of Athena as it is on record. `name` is that of a named query, or the first word of the statement."""

    name: str
    state: str
    statement_type: str
    scanned_bytes: int
    reused_result: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """What a lake has that is billed by the month, whether files come or not. Sizes are in GB."""

    alarms: int
    composite_alarms: int = 0
    dashboards: int = 0
    sweep_metrics: int = SWEEP_METRICS
    keys: int = 1
    sweeps_an_hour: float = 1.0
    raw_gb: float = 0.0
    tables_gb: float = 0.0
    artifacts_gb: float = 0.5
    ledger_gb: float = 0.001
    logs_gb: float = 0.05


@dataclass(frozen=True, slots=True)
class Month:
    """A month of a shop: `loads` runs of datasets with `load_seconds` each on the light engine, and so on.

    `spark_dpu_hours` are those of Glue jobs, `queries` scan `scanned_gb` each. `measured_datasets` have
    metrics of their own, as level `full` of the monitoring sends, and a run in every hour; one with a run a day counts
    as a 24th, since metrics are billed for hours with values. Loads send
    one metric of the lake as a whole and queries another, reckoned for every hour.
    """

    loads: int
    load_seconds: float
    refreshes: int
    refresh_seconds: float
    spark_dpu_hours: float
    queries: int
    scanned_gb: float
    measured_datasets: float
    standing: Standing


def run_usd(run: RunRecord, price: Prices) -> float:
    """Return the cost of a run: its engine's, which is on record, and that of all other steps, as measured."""
    return (run.cost_usd or 0.0) + around_usd(run.workflow, price)


def around_usd(workflow: str, price: Prices) -> float:
    """Return the cost of all that a run uses beside its engine: steps, functions, requests, logs."""
    return sum(_priced(_usage().get({"ingest": "load"}.get(workflow, workflow), {}), price).values())


def query_usd(query: Query, price: Prices) -> float:
    """Return the cost of a query: failed ones, DDL and reused results are free, all others are 10 MB at least."""
    if query.state == "FAILED" or query.reused_result or query.statement_type in FREE_STATEMENTS:
        return 0.0
    return max(query.scanned_bytes, LEAST_SCANNED_BYTES) / 1e12 * price["athena"]["scanned_tb"]


def standing_usd(standing: Standing, price: Prices, days: float = DAYS_A_MONTH) -> dict[str, float]:
    """Return what a lake costs in so many days without a file, by item, the largest first."""
    months = days / DAYS_A_MONTH
    storage = price["s3"]["standard_gb_month"] * (standing.raw_gb + standing.tables_gb + standing.artifacts_gb)
    ledger = standing.ledger_gb * (price["dynamodb"]["gb_month"] + price["dynamodb"]["recovery_gb_month"])
    sweeps = standing.sweeps_an_hour * HOURS_A_MONTH
    # One second of 512 MB, a listing, a few reads of the ledger, and the schedule's call.
    sweep = price["lambda"]["request"] + 0.5 * price["lambda"]["gb_second"] + price["scheduler"]["invocation"]
    sweep += 2 * price["s3"]["put"] + 40 * price["dynamodb"]["read_unit"]
    items = {
        "alarms": standing.alarms * price["cloudwatch"]["alarm_month"]
        + standing.composite_alarms * price["cloudwatch"]["composite_alarm_month"],
        "dashboards": standing.dashboards * price["cloudwatch"]["dashboard_month"],
        "keys": standing.keys * price["kms"]["key_month"],
        "metrics of the sweep": min(standing.sweeps_an_hour, 1.0)
        * standing.sweep_metrics
        * price["cloudwatch"]["metric_month"],
        "polls of the queue": POLLS_A_DAY * DAYS_A_MONTH * price["sqs"]["request"],
        "storage": storage,
        "sweeps": sweeps * sweep,
        "ledger": ledger,
        "stored logs": standing.logs_gb * price["logs"]["stored_gb_month"],
    }
    return dict(sorted(((name, usd * months) for name, usd in items.items()), key=lambda item: -item[1]))


def month_usd(month: Month, price: Prices) -> dict[str, float]:
    """Return what a shop's month costs, by item, the largest first."""
    gb_second = price["lambda"]["gb_second"]
    items = {
        "idle": sum(standing_usd(month.standing, price).values()),
        "light loads": month.loads * month.load_seconds * 2 * gb_second,
        "light refreshes": month.refreshes * month.refresh_seconds * 3 * gb_second,
        "other steps of loads": month.loads * around_usd("ingest", price),
        "other steps of refreshes": month.refreshes * around_usd("refresh", price),
        "Glue jobs": month.spark_dpu_hours * price["glue"]["dpu_hour"],
        "queries": month.queries * query_usd(Query("", "SUCCEEDED", "DML", round(month.scanned_gb * 1e9)), price),
        "metrics": ((month.loads > 0) + (month.queries > 0) + month.measured_datasets * METRICS_A_DATASET)
        * price["cloudwatch"]["metric_month"],
    }
    return dict(sorted(items.items(), key=lambda item: -item[1]))


def by_subject(runs: Iterable[RunRecord], price: Prices) -> dict[str, float]:
    """Return the cost of runs by dataset, refresh and maintenance, the largest first."""
    found: defaultdict[str, float] = defaultdict(float)
    for run in runs:
        found[run.subject] += run_usd(run, price)
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def by_query(queries: Iterable[Query], price: Prices) -> dict[str, float]:
    """Return the cost of queries by their name, the largest first."""
    found: defaultdict[str, float] = defaultdict(float)
    for query in queries:
        found[query.name] += query_usd(query, price)
    return dict(sorted(found.items(), key=lambda item: -item[1]))


@cache
def _usage() -> Mapping[str, Mapping[str, float]]:
    """Return what was counted for one run of each workflow."""
    return tomllib.loads(USAGE.read_text())


def _priced(usage: Mapping[str, float], price: Prices) -> dict[str, float]:
    """Return the cost of what was counted, by item."""
    each = {
        "transitions": price["states"]["transition"],
        "s3_put": price["s3"]["put"],
        "s3_get": price["s3"]["get"],
        "dynamodb_write": price["dynamodb"]["write_unit"],
        "glue_catalog": price["glue"]["catalog_request"],
        "log_gb": price["logs"]["gb"],
        "function_seconds_512_mb": _FUNCTION_MB / 1024 * price["lambda"]["gb_second"],
        "function_requests": price["lambda"]["request"],
        "kms": price["kms"]["request"],
        "traces": price["xray"]["trace"],
        "events": price["events"]["event"],
        "sqs": price["sqs"]["request"],
    }
    return {item: number * each[item] for item, number in usage.items()}
