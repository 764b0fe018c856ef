from functools import cache

from pydantic import Field

from lambdas.shared.settings import ClosingSettings, LedgerSettings


class Settings(LedgerSettings, ClosingSettings):
    run_coordinator_function: str = Field(min_length=1)
    glue_jobs: str = Field(description="Names of the lake's Glue jobs, separated by commas; empty without Glue.")
    emr_application_id: str = Field("", description="Application of EMR Serverless that runs the jobs; empty on Glue.")


@cache
def settings() -> Settings:
    return Settings()
