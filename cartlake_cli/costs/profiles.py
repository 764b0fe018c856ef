"""Months of shops that docs/cost.md reckons with. A test compares the page with them."""

from __future__ import annotations

from typing import Final

from cartlake_cli.costs.reckoning import SWEEP_METRICS, Month, Standing

ALARMS: Final = 13
"""Alarms that Terraform makes in dev: level `small` of the monitoring."""

FULL_ALARMS: Final = 44
"""Alarms that Terraform makes in prod: level `full`. One composite alarm comes to them."""

PROMISED: Final = 4
"""Datasets whose contract has a freshness SLA: level `full` sends two metrics of each with every sweep."""

IDLE: Final = Standing(alarms=ALARMS)
"""A lake in dev without a file."""

SMALL: Final = Month(
    loads=900,  # one file of order lines an hour, six other files a day
    load_seconds=1.0,
    refreshes=900,
    refresh_seconds=3.0,
    spark_dpu_hours=0.7,  # maintenance: four jobs of five minutes with 2 DPUs
    queries=600,
    scanned_gb=0.05,
    measured_datasets=0,
    standing=Standing(alarms=ALARMS, raw_gb=2, tables_gb=2, ledger_gb=0.01, logs_gb=0.5),
)
"""A shop of some hundred orders a day."""

LARGE: Final = Month(
    loads=86_400,  # a file of order lines and one of events each minute
    load_seconds=3.0,
    refreshes=21_600,  # one in each window of two minutes
    refresh_seconds=8.0,
    spark_dpu_hours=200,  # nightly loads, refreshes of whole tables and maintenance: 5 DPUs for 80 minutes
    queries=20_000,
    scanned_gb=2.0,
    measured_datasets=7,
    standing=Standing(
        alarms=FULL_ALARMS,
        composite_alarms=1,
        dashboards=1,
        sweep_metrics=SWEEP_METRICS + 2 * PROMISED,
        raw_gb=500,
        tables_gb=500,
        artifacts_gb=5,
        ledger_gb=1,
        logs_gb=50,
    ),
)
"""A shop of some ten thousand orders a day."""
