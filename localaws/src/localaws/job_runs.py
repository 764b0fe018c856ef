"""The records that MiniStack keeps of Glue job runs: what GetJobRun and GetJobRuns answer."""

from __future__ import annotations

import secrets
import threading
import time
from typing import TYPE_CHECKING, Any

from ministack.services import glue

if TYPE_CHECKING:
    from collections.abc import Mapping

# ruff: noqa: SLF001 -- MiniStack has no other interface

RUNNING_STATES = frozenset({"STARTING", "RUNNING", "STOPPING", "WAITING"})
# A run ends on its own thread while BatchStopJobRun changes it on another.
_changing = threading.Lock()


def runs_in_progress(job_name: str) -> list[dict[str, Any]]:
    """Return the records of a job's runs that have not ended."""
    return [run for run in glue._job_runs.get(job_name, []) if run["JobRunState"] in RUNNING_STATES]


def max_concurrent_runs(job: Mapping[str, Any]) -> int:
    """Return how many runs of a job may be in progress at a time."""
    return int((job.get("ExecutionProperty") or {}).get("MaxConcurrentRuns") or 1)


def new_record(
    job: Mapping[str, Any], data: Mapping[str, Any], *, attempt: int, previous: str | None
) -> dict[str, Any]:
    """Return the record of a run that starts now, from its job and its StartJobRun request.

    `previous` is the id of the first attempt, for a retry.
    """
    now = time.time()
    record = {
        "Id": f"{previous}_attempt_{attempt}" if previous else f"jr_{secrets.token_hex(32)}",
        "Attempt": attempt,
        "JobName": job["Name"],
        "JobMode": job.get("JobMode", "SCRIPT"),
        "StartedOn": now,
        "LastModifiedOn": now,
        "JobRunState": "STARTING",
        "Arguments": dict(data.get("Arguments") or {}),
        "PredecessorRuns": [],
        "ExecutionTime": 0,
        "Timeout": data.get("Timeout") or job.get("Timeout") or 2880,
        "WorkerType": data.get("WorkerType") or job.get("WorkerType", "G.1X"),
        "NumberOfWorkers": data.get("NumberOfWorkers") or job.get("NumberOfWorkers", 2),
        "GlueVersion": job.get("GlueVersion", "5.1"),
        "ExecutionClass": data.get("ExecutionClass") or job.get("ExecutionClass", "STANDARD"),
        "LogGroupName": "/aws-glue/jobs",
    }
    if previous:
        record["PreviousRunId"] = previous
    return record


def update_record(job_name: str, run_id: str, **changes: Any) -> None:
    """Change the record of a run in progress. A run that has ended keeps its record, one that is STOPPING can only end.

    The record is replaced as a whole: it may be being saved, or sent to a client, at this moment.
    """
    with _changing:
        runs = glue._job_runs.get(job_name, [])  # none when the job was deleted meanwhile
        for position, run in enumerate(runs):
            if run["Id"] == run_id and _may_become(run["JobRunState"], changes["JobRunState"]):
                runs[position] = {**run, **changes, "LastModifiedOn": time.time()}


def _may_become(state: str, new_state: str) -> bool:
    if state == "STOPPING":
        return new_state not in RUNNING_STATES
    return state in RUNNING_STATES


def finish_record(job_name: str, record: Mapping[str, Any], state: str, message: str) -> None:
    """Set the end state of a run, its execution time in seconds, and its error message if there is one."""
    now = time.time()
    changes: dict[str, Any] = {"JobRunState": state, "CompletedOn": now}
    changes["ExecutionTime"] = round(now - record["StartedOn"])
    if message:
        changes["ErrorMessage"] = message
    update_record(job_name, record["Id"], **changes)
