from functools import cache

from pydantic import Field

from lambdas.shared.settings import LedgerSettings

_STATE_MACHINE = r"^arn:[^:]+:states:[^:]+:\d{12}:stateMachine:.+$"


class Settings(LedgerSettings):
    """The state machines that load files, that rebuild stale tables, and that maintain tables."""

    ingest_state_machine_arn: str = Field(pattern=_STATE_MACHINE)
    refresh_state_machine_arn: str = Field(pattern=_STATE_MACHINE)
    maintenance_state_machine_arn: str = Field(pattern=_STATE_MACHINE)


@cache
def settings() -> Settings:
    return Settings()
