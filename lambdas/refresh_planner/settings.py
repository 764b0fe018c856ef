from functools import cache

from pydantic import Field

from lambdas.shared.settings import ArtifactSettings, LedgerSettings


class Settings(LedgerSettings, ArtifactSettings):
    """`refresh_job` is the name of the Glue job that rebuilds stale tables.

    `gather_seconds` is how long a refresh waits for runs that are loading files, so that one job rebuilds for all.
    """

    refresh_job: str = Field(min_length=1)
    gather_seconds: int = Field(default=60, ge=0)


@cache
def settings() -> Settings:
    return Settings()
