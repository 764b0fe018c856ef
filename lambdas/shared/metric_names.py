"""The metrics the functions send to CloudWatch: name, unit, and which of them an alarm watches.

Each metric is billed for every hour in which it has a value, so what an alarm does not need is sent only where
`METRICS_BY_DATASET` is set. The alarms are in terraform/modules/monitoring; a test compares them with these names.
"""

from collections.abc import Mapping
from typing import Final

from aws_lambda_powertools.metrics import MetricUnit

LAKE: Final = "lake"
"""The value of the dimension `service` of every metric. Two functions that count the same thing add to one metric."""

UNITS: Final[Mapping[str, MetricUnit]] = {
    "FilesValidated": MetricUnit.Count,
    "FilesRejected": MetricUnit.Count,
    "FilesDuplicate": MetricUnit.Count,
    "RunsStarted": MetricUnit.Count,
    "RunsLight": MetricUnit.Count,
    "RunsSpark": MetricUnit.Count,
    "RunsFellBack": MetricUnit.Count,
    "RunsRepeated": MetricUnit.Count,
    "RunsSucceeded": MetricUnit.Count,
    "RunsFailed": MetricUnit.Count,
    "RunsStuck": MetricUnit.Count,
    "RunSeconds": MetricUnit.Seconds,
    "RunBytes": MetricUnit.Bytes,
    "RunCost": MetricUnit.NoUnit,
    "RowsRead": MetricUnit.Count,
    "RowsPublished": MetricUnit.Count,
    "RowsQuarantined": MetricUnit.Count,
    "RowsDuplicate": MetricUnit.Count,
    "QuarantinePercent": MetricUnit.Percent,
    "ReconciliationMismatches": MetricUnit.Count,
    "TablesRebuilt": MetricUnit.Count,
    "RowsRebuilt": MetricUnit.Count,
    "FilesJoined": MetricUnit.Count,
    "RepeatedKeys": MetricUnit.Count,
    "JobsFailed": MetricUnit.Count,
    "SweepFound": MetricUnit.Count,
    "HoursSinceSuccess": MetricUnit.NoUnit,
    "DatasetsOverdue": MetricUnit.Count,
    "DatasetsUnusual": MetricUnit.Count,
    "QueryBytes": MetricUnit.Bytes,
    "StreamLag": MetricUnit.Count,
    "StreamOffsetsLost": MetricUnit.Count,
    "LineageNotWritten": MetricUnit.Count,
    "LineageNotSent": MetricUnit.Count,
}
"""Every metric and its unit. `RunCost` is in USD, `HoursSinceSuccess` in hours, which CloudWatch has no unit for;
`StreamLag` in messages that a read left behind."""

ALARMED: Final = frozenset(
    {
        "DatasetsOverdue",
        "DatasetsUnusual",
        "JobsFailed",
        "QuarantinePercent",
        "QueryBytes",
        "ReconciliationMismatches",
        "RunsFailed",
        "RunsStuck",
        "StreamLag",
        "StreamOffsetsLost",
        "SweepFound",
    }
)
"""Metrics that are always sent for the lake as a whole, because an alarm watches them."""

LEAST_ROWS: Final = 100
"""Runs that read fewer rows have no `QuarantinePercent`: one refused row of five says nothing."""


def quarantine_percent(read: int, quarantined: int) -> float | None:
    """Return the share of refused rows, 0 to 100, None where too few rows were read to say."""
    return 100.0 * quarantined / read if read >= LEAST_ROWS else None
