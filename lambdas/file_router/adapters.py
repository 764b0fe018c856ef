import json
import secrets
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from cartlake import contracts
from cartlake.aws.clients import aws_errors, client, error_code
from cartlake.ledger import Ledger
from cartlake.maintenance.documents import MaintenanceRequest
from cartlake.runs.ids import MAINTENANCE, REFRESH, dataset_of, new_run_id
from cartlake.times import utc_now
from lambdas.file_router.domain import ExecutionState, Router
from lambdas.file_router.settings import settings

if TYPE_CHECKING:
    from types_boto3_stepfunctions import SFNClient


class StateMachines:
    """Executions of the state machines, each named by its run: one loads files, others do what `arns` names."""

    def __init__(self, ingest_arn: str, arns: Mapping[str, str], states: "SFNClient") -> None:
        self._ingest_arn = ingest_arn
        self._arns = arns
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

    def start(self, dataset: str, run_id: str, request: MaintenanceRequest | None = None) -> str:
        """Start the execution of a run and return its ARN, also if it was started before."""
        asked = {} if request is None else {"request": request.model_dump(mode="json")}
        work = json.dumps({"dataset": dataset, "run_id": run_id, **asked})
        try:
            with aws_errors():
                self._states.start_execution(stateMachineArn=self._arn(dataset), name=run_id, input=work)
        except ClientError as error:
            if error_code(error) != "ExecutionAlreadyExists":
                raise
        return self.execution_arn(run_id)

    def execution_arn(self, run_id: str) -> str:
        return f"{self._arn(dataset_of(run_id)).replace(':stateMachine:', ':execution:', 1)}:{run_id}"

    def _arn(self, dataset: str) -> str:
        return self._arns.get(dataset, self._ingest_arn)


@cache
def router() -> Router:
    ledger = Ledger(settings().ledger_table, client("dynamodb"))
    arns = {REFRESH: settings().refresh_state_machine_arn, MAINTENANCE: settings().maintenance_state_machine_arn}
    state_machines = StateMachines(settings().ingest_state_machine_arn, arns, client("stepfunctions"))
    return Router(
        ledger,
        state_machines,
        lambda dataset: new_run_id(dataset, utc_now(), secrets.token_hex(3)),
        lambda: (*contracts.all_names(), REFRESH),
    )
