from functools import cache

from pydantic import Field

from lambdas.shared.settings import ArtifactSettings, LedgerSettings


class Settings(LedgerSettings, ArtifactSettings):
    """`etl_job` is the name of the Glue job that loads files, of whatever dataset."""

    etl_job: str = Field(min_length=1)


@cache
def settings() -> Settings:
    return Settings()
