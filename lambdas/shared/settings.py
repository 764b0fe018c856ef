"""Environment variables of functions, read when a handler is imported, so that a bad one fails the cold start."""

from pydantic import Field
from pydantic_settings import BaseSettings

from cartlake.runs.folder import RunFolder
from cartlake.runs.ids import Workflow, subject_of, workflow_of

_STATE_MACHINE = r"^arn:[^:]+:states:[^:]+:\d{12}:stateMachine:.+$"


class LedgerSettings(BaseSettings):
    """Settings of functions that write the ledger and send events."""

    ledger_table: str = Field(min_length=3)
    event_bus: str = Field(min_length=1)


class ArtifactSettings(BaseSettings):
    """Settings of functions that read or write the documents of a run."""

    artifacts_bucket: str = Field(min_length=3)

    def folder(self, run_id: str) -> RunFolder:
        """Return the folder with the documents of a run."""
        return RunFolder(self.artifacts_bucket, run_id)


class ClosingSettings(BaseSettings):
    """Settings of functions that end runs whose execution ended without its last steps."""

    run_recorder_function: str = Field(min_length=1)


class StateMachineSettings(BaseSettings):
    """The state machines that load files, that rebuild stale tables, that maintain tables, and that forecast."""

    ingest_state_machine_arn: str = Field(pattern=_STATE_MACHINE)
    refresh_state_machine_arn: str = Field(pattern=_STATE_MACHINE)
    maintenance_state_machine_arn: str = Field(pattern=_STATE_MACHINE)
    forecast_state_machine_arn: str = Field(pattern=_STATE_MACHINE)

    @property
    def state_machine_arns(self) -> dict[Workflow, str]:
        """The state machine of each workflow."""
        return {
            Workflow.INGEST: self.ingest_state_machine_arn,
            Workflow.REFRESH: self.refresh_state_machine_arn,
            Workflow.MAINTENANCE: self.maintenance_state_machine_arn,
            Workflow.FORECAST: self.forecast_state_machine_arn,
        }

    def execution_arn(self, run_id: str) -> str:
        """Return the ARN of the execution of a run, whether it exists or not. Executions are named by their runs."""
        machine = self.state_machine_arns[workflow_of(subject_of(run_id))]
        return f"{machine.replace(':stateMachine:', ':execution:', 1)}:{run_id}"
