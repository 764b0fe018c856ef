from functools import cache

from pydantic import Field

from lambdas.shared.settings import ClosingSettings, LedgerSettings, StateMachineSettings


class Settings(LedgerSettings, StateMachineSettings, ClosingSettings):
    """`grace_seconds` is how old something must be before it counts as lost, not as under way."""

    raw_bucket: str = Field(min_length=3)
    incoming_queue_url: str = Field(min_length=1)
    run_coordinator_function: str = Field(min_length=1)
    grace_seconds: int = Field(default=1200, ge=0)


@cache
def settings() -> Settings:
    return Settings()
