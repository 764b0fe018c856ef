from functools import cache

from pydantic import Field

from cartlake.runs.ids import Workflow
from lambdas.shared.settings import LedgerSettings

_STATE_MACHINE = r"^arn:[^:]+:states:[^:]+:\d{12}:stateMachine:.+$"


class Settings(LedgerSettings):
    """The state machines that load files, that rebuild stale tables, and that maintain tables."""

    ingest_state_machine_arn: str = Field(pattern=_STATE_MACHINE)
    refresh_state_machine_arn: str = Field(pattern=_STATE_MACHINE)
    maintenance_state_machine_arn: str = Field(pattern=_STATE_MACHINE)

    @property
    def state_machine_arns(self) -> dict[Workflow, str]:
        """The state machine of each workflow."""
        return {
            Workflow.INGEST: self.ingest_state_machine_arn,
            Workflow.REFRESH: self.refresh_state_machine_arn,
            Workflow.MAINTENANCE: self.maintenance_state_machine_arn,
        }


@cache
def settings() -> Settings:
    return Settings()
