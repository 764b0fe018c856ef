import json
import secrets
from functools import cache
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from cartlake.aws import aws_errors, client, error_code
from cartlake.ledger import Ledger
from cartlake.runs import new_run_id
from cartlake.times import utc_now
from lambdas.file_router.domain import ExecutionState, Router
from lambdas.file_router.settings import settings

if TYPE_CHECKING:
    from types_boto3_stepfunctions import SFNClient


class StateMachine:
    """Executions of one state machine, each named by its run."""

    def __init__(self, arn: str, states: "SFNClient") -> None:
        self._arn = arn
        self._states = states

    def state(self, run_id: str) -> ExecutionState:
        try:
            with aws_errors():
                found = self._states.describe_execution(executionArn=self.execution_arn(run_id))
        except ClientError as error:
            if error_code(error) == "ExecutionDoesNotExist":
                return ExecutionState.NEVER_STARTED
            raise
        return ExecutionState.RUNNING if found["status"] == "RUNNING" else ExecutionState.OVER

    def start(self, dataset: str, run_id: str) -> str:
        """Start the execution of a run and return its ARN, also if it was started before."""
        work = json.dumps({"dataset": dataset, "run_id": run_id})
        try:
            with aws_errors():
                self._states.start_execution(stateMachineArn=self._arn, name=run_id, input=work)
        except ClientError as error:
            if error_code(error) != "ExecutionAlreadyExists":
                raise
        return self.execution_arn(run_id)

    def execution_arn(self, run_id: str) -> str:
        return f"{self._arn.replace(':stateMachine:', ':execution:', 1)}:{run_id}"


@cache
def router() -> Router:
    ledger = Ledger(settings().ledger_table, client("dynamodb"))
    state_machine = StateMachine(settings().state_machine_arn, client("stepfunctions"))
    return Router(ledger, state_machine, lambda dataset: new_run_id(dataset, utc_now(), secrets.token_hex(3)))
