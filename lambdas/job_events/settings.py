from functools import cache

from pydantic import Field

from lambdas.shared.settings import LedgerSettings


class Settings(LedgerSettings):
    run_coordinator_function: str = Field(min_length=1)


@cache
def settings() -> Settings:
    return Settings()
