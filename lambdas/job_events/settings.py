from functools import cache

from pydantic import Field

from lambdas.shared.settings import ClosingSettings, LedgerSettings


class Settings(LedgerSettings, ClosingSettings):
    run_coordinator_function: str = Field(min_length=1)
    glue_jobs: str = Field(min_length=1, description="Names of the lake's Glue jobs, separated by commas.")


@cache
def settings() -> Settings:
    return Settings()
