from functools import cache

from pydantic import Field

from lambdas.shared.settings import LedgerSettings, StateMachineSettings


class Settings(LedgerSettings, StateMachineSettings):
    """`refresh_window_seconds` is the least time between the starts of two refreshes; 0 is none."""

    refresh_window_seconds: int = Field(default=0, ge=0, le=3600)


@cache
def settings() -> Settings:
    return Settings()
