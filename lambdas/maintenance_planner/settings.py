from functools import cache

from pydantic import Field

from lambdas.shared.settings import ArtifactSettings, LedgerSettings


class Settings(LedgerSettings, ArtifactSettings):
    """`maintenance_job` is the name of the Glue job, `database_prefix` stands before every Glue database name."""

    maintenance_job: str = Field(min_length=1)
    database_prefix: str = ""


@cache
def settings() -> Settings:
    return Settings()
