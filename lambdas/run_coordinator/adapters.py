"""Executions of Step Functions, as the run coordinator starts and reads them."""

import json
import secrets
from collections.abc import Mapping
from typing import Final

from botocore.exceptions import ClientError

from cartlake import contracts
from cartlake.aws.clients import aws_errors, client, error_code
from cartlake.maintenance.documents import MaintenanceRequest
from cartlake.runs.ids import Workflow, new_run_id, subject_of, workflow_of
from cartlake.times import utc_now
from lambdas.run_coordinator.domain import Coordinator, ExecutionState, SeenRunning
from lambdas.run_coordinator.settings import settings
from lambdas.shared.clients import ledger


class StateMachines:
    """Executions of the state machines, one for each workflow, each execution named by its run."""

    def __init__(self, arns: Mapping[Workflow, str]) -> None:
        self._arns = arns

    def state(self, run_id: str) -> ExecutionState:
        """Return the state of a run's execution, by Step Functions."""
        try:
            with aws_errors():
                found = client("stepfunctions").describe_execution(executionArn=self.execution_arn(run_id))
        except ClientError as error:
            if error_code(error) == "ExecutionDoesNotExist":
                return ExecutionState.NEVER_STARTED
            raise
        return ExecutionState.RUNNING if found["status"] == "RUNNING" else ExecutionState.OVER

    def start(self, subject: str, run_id: str, request: MaintenanceRequest | None = None, wait_seconds: int = 0) -> str:
        """Start the execution of a run and return its ARN, also if it was started before."""
        asked: dict[str, object] = {} if request is None else {"request": request.model_dump(mode="json")}
        if wait_seconds:
            asked["wait_seconds"] = wait_seconds
        work = json.dumps({"subject": subject, "run_id": run_id, **asked})
        try:
            with aws_errors():
                client("stepfunctions").start_execution(stateMachineArn=self._arn(subject), name=run_id, input=work)
        except ClientError as error:
            if error_code(error) != "ExecutionAlreadyExists":
                raise
        return self.execution_arn(run_id)

    def execution_arn(self, run_id: str) -> str:
        """The ARN of the execution of a run, whether it exists or not."""
        return f"{self._arn(subject_of(run_id)).replace(':stateMachine:', ':execution:', 1)}:{run_id}"

    def _arn(self, subject: str) -> str:
        return self._arns[workflow_of(subject)]


_SEEN: Final = SeenRunning()


def coordinator() -> Coordinator:
    """The coordinator of this environment."""
    return Coordinator(
        ledger(),
        StateMachines(settings().state_machine_arns),
        lambda subject: new_run_id(subject, utc_now(), secrets.token_hex(3)),
        lambda: (*contracts.all_names(), Workflow.REFRESH),
        gather_seconds,
        seen=_SEEN,
    )


def gather_seconds(subject: str) -> int:
    """Return the gather window of a dataset or the refresh, in seconds; others, and unknown ones, have none."""
    if subject == Workflow.REFRESH:
        return settings().refresh_window_seconds
    return contracts.load(subject).gather_seconds if subject in contracts.all_names() else 0
