from functools import cache

from pydantic import Field

from lambdas.shared.settings import ArtifactSettings, LedgerSettings


class Settings(LedgerSettings, ArtifactSettings):
    """`quarantine_bucket` gets the files that a run cannot load. `database_prefix` is that of the lake's databases."""

    quarantine_bucket: str = Field(min_length=3)
    table_publisher_function: str = Field(min_length=1)
    database_prefix: str = ""


@cache
def settings() -> Settings:
    return Settings()
