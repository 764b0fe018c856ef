"""Requests to the run coordinator, which starts one run at a time of each dataset, of refresh and of maintenance."""

import json
from typing import Any

from cartlake.maintenance.documents import MaintenanceRequest
from cartlake.runs.ids import Workflow
from cartlake_cli.context import Lake
from cartlake_cli.errors import CommandError

ALREADY_RUNNING = "already_running"


def start_run(lake: Lake, subject: str) -> None:
    """Start a run of a dataset, or the refresh, for pending work; do nothing if one is running.

    Raises CommandError when the coordinator fails.
    """
    _ask(lake, subject, {"action": "start", "subject": subject})


def start_maintenance(lake: Lake, request: MaintenanceRequest) -> str:
    """Start maintenance; returns its run id. Raises CommandError if one is running, or the coordinator fails."""
    answer = _ask(lake, Workflow.MAINTENANCE, {"action": "maintain", **request.model_dump()})
    if answer["outcome"] == ALREADY_RUNNING:
        raise CommandError(
            f"Maintenance is running already: run {answer['run_id']}. Wait for it "
            f"(`lake runs --dataset {Workflow.MAINTENANCE}`), then try again."
        )
    return str(answer["run_id"])


def _ask(lake: Lake, subject: str, request: dict[str, Any]) -> dict[str, Any]:
    """Return the answer of the coordinator. Raises CommandError with its message when it fails."""
    name = lake.outputs.functions["run_coordinator"]
    answer = lake.client("lambda").invoke(FunctionName=name, Payload=json.dumps(request).encode())
    decision: dict[str, Any] = json.loads(answer["Payload"].read())
    # Lambda answers 200 also when the function raised; this member is the only sign of it.
    if "FunctionError" in answer:
        cause = decision.get("errorMessage", decision)
        raise CommandError(f"A run of {subject} could not be started: {cause}. `lake logs` shows what {name} logged.")
    return decision
