"""Requests to the run coordinator, which starts one run at a time of each dataset and of each workflow."""

from typing import Any

from cartlake.maintenance.documents import MaintenanceRequest
from cartlake.runs.ids import Workflow
from cartlake_cli.context import Lake
from cartlake_cli.errors import CommandError
from cartlake_cli.functions import call

ALREADY_RUNNING = "already_running"


def start_run(lake: Lake, subject: str) -> None:
    """Start a run of a dataset, or the refresh, for pending work; do nothing if one is running.

    It waits for the end of no gather window. Raises CommandError when the coordinator fails.
    """
    _ask(lake, subject, {"action": "start", "subject": subject, "at_once": True})


def release_lock(lake: Lake, subject: str, run_id: str) -> None:
    """Release a lock that a command took under this id, and start a run if files or tables wait for one.

    Raises CommandError when the coordinator fails; the lock is released all the same.
    """
    try:
        _ask(lake, subject, {"action": "release", "subject": subject, "run_id": run_id})
    finally:
        lake.ledger.locks.release(subject, run_id)


def start_maintenance(lake: Lake, request: MaintenanceRequest) -> str:
    """Start maintenance; returns its run id. Raises CommandError if one is running, or the coordinator fails."""
    answer = _ask(lake, Workflow.MAINTENANCE, {"action": "maintain", **request.model_dump()})
    if answer["outcome"] == ALREADY_RUNNING:
        raise CommandError(
            f"Maintenance is running already: run {answer['run_id']}. Wait for it "
            f"(`lake runs --dataset {Workflow.MAINTENANCE}`), then try again."
        )
    return str(answer["run_id"])


def start_forecast(lake: Lake) -> str:
    """Start a forecast; returns its run id, also of one that is running. Raises CommandError when that fails."""
    return str(_ask(lake, Workflow.FORECAST, {"action": "forecast"})["run_id"])


def _ask(lake: Lake, subject: str, request: dict[str, Any]) -> dict[str, Any]:
    """Return the answer of the coordinator. Raises CommandError with its message when it fails."""
    return call(lake, "run_coordinator", request, failed=f"A run of {subject} could not be started")
