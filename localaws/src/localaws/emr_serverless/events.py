"""The events of applications and job runs: source `aws.emr-serverless`, one for every change of state.

https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/using-eventbridge.html
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ministack.services import eventbridge

if TYPE_CHECKING:
    from collections.abc import Mapping

# ruff: noqa: SLF001 -- MiniStack has no other interface


def application_changed(record: Mapping[str, Any], previous: str) -> None:
    """Emit the event of an application's new state."""
    _emit("EMR Serverless Application State Change", record, previous, ("applicationId", "arn", "type"))


def job_run_changed(record: Mapping[str, Any], previous: str) -> None:
    """Emit the event of a job run's new state."""
    _emit("EMR Serverless Job Run State Change", record, previous, ("applicationId", "jobRunId", "arn", "createdBy"))


def _emit(kind: str, record: Mapping[str, Any], previous: str, names: tuple[str, ...]) -> None:
    detail = {name: record[name] for name in (*names, "releaseLabel", "state")} | {
        name: datetime.fromtimestamp(record[name], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        for name in ("createdAt", "updatedAt")
    }
    if previous:
        detail["previousState"] = previous
    entry = {"Source": "aws.emr-serverless", "DetailType": kind, "Detail": json.dumps(detail)}
    eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)
