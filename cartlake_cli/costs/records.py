"""What a deployed lake has on record that is billed: runs, queries, alarms, keys and bytes."""

# ruff: noqa: S608 - the database is the environment's, the day is a date

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from cartlake import contracts
from cartlake.runs.ids import ALL_DATASETS
from cartlake.times import parse, utc_now
from cartlake_cli.athena.client import athena_of
from cartlake_cli.costs.reckoning import Query, Standing

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cartlake.ledger import Ledger, RunRecord
    from cartlake_cli.context import Lake

_TABLES: Final = ("processed", "curated", "quarantine", "exports")
_TWO_DAYS: Final = timedelta(days=2)
"""S3 reports the size of a bucket once a day."""


def runs_since(lake: Lake, since: datetime) -> list[RunRecord]:
    """Return the runs that began since then, oldest first."""
    subjects = sorted({*contracts.all_names(), *lake.ledger.files.datasets(), *ALL_DATASETS})
    return started_since(lake.ledger, subjects, since)


def started_since(ledger: Ledger, subjects: Iterable[str], since: datetime) -> list[RunRecord]:
    """Return the runs of these subjects that began since then, oldest first."""
    runs = [run for subject in subjects for run in ledger.runs.list(subject)]
    return sorted((run for run in runs if parse(run.started_at) >= since), key=lambda run: run.started_at)


def queries_since(lake: Lake, since: datetime) -> list[Query]:
    """Return the queries of the lake's workgroup since the day of that time. Raises QueryError of Athena."""
    ops = lake.outputs.databases["ops"]
    found = athena_of(lake).run(
        "select query_name, state, statement_type, scanned_bytes, reused_result "
        f"from {ops}.query_history where day >= '{since.date()}'"
    )
    return [
        Query(
            str(one["query_name"]),
            str(one["state"]),
            str(one["statement_type"]),
            int(one["scanned_bytes"] or 0),
            one["reused_result"] == "true",
        )
        for one in found.records()
    ]


def standing_of(lake: Lake) -> Standing:
    """Return what the lake has that is billed by the month. Sizes are those that S3 and DynamoDB reported last."""
    sizes = {zone: _bucket_gb(lake, name) for zone, name in lake.outputs.buckets.items()}
    ledger = lake.client("dynamodb").describe_table(TableName=lake.outputs.ledger_table)["Table"]
    return Standing(
        alarms=len(alarms_of(lake)),
        sweeps_an_hour=0.0 if lake.is_local else 1.0,
        raw_gb=sizes.get("raw", 0.0),
        tables_gb=sum(sizes.get(zone, 0.0) for zone in _TABLES),
        artifacts_gb=sizes.get("artifacts", 0.0) + sizes.get("athena-results", 0.0),
        ledger_gb=ledger.get("TableSizeBytes", 0) / 1e9,
    )


def alarms_of(lake: Lake) -> list[dict[str, Any]]:
    """Return the lake's alarms, as CloudWatch describes them."""
    prefix = f"{lake.outputs.name_prefix}-"
    pages = lake.client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNamePrefix=prefix)
    return [alarm for page in pages for alarm in page["MetricAlarms"]]


def per_day(runs: Sequence[RunRecord]) -> dict[str, list[RunRecord]]:
    """Return runs by the day (UTC) on which they began."""
    days: dict[str, list[RunRecord]] = {}
    for run in runs:
        days.setdefault(run.started_at[:10], []).append(run)
    return days


def _bucket_gb(lake: Lake, bucket: str) -> float:
    """Return the size of a bucket that S3 reported last, 0 where it reported none yet."""
    now = utc_now()
    answer = lake.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/S3",
        MetricName="BucketSizeBytes",
        Dimensions=[{"Name": "BucketName", "Value": bucket}, {"Name": "StorageType", "Value": "StandardStorage"}],
        StartTime=now - _TWO_DAYS,
        EndTime=now,
        Period=86_400,
        Statistics=["Average"],
    )
    points = sorted(answer.get("Datapoints", []), key=lambda point: point["Timestamp"])
    return float(points[-1]["Average"]) / 1e9 if points else 0.0
