from functools import cache

from pydantic import Field

from lambdas.shared.settings import ArtifactSettings, LedgerSettings


class Settings(LedgerSettings, ArtifactSettings):
    """`quarantine_bucket` gets the files that a run cannot load."""

    quarantine_bucket: str = Field(min_length=3)


@cache
def settings() -> Settings:
    return Settings()
