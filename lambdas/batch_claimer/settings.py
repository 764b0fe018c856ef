from functools import cache

from pydantic import Field

from lambdas.shared.settings import ArtifactSettings, LedgerSettings


class Settings(LedgerSettings, ArtifactSettings):
    """`transform_job` is the name of the Glue job that loads files, of whatever dataset."""

    transform_job: str = Field(min_length=1)


@cache
def settings() -> Settings:
    return Settings()
