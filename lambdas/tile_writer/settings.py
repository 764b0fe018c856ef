from functools import cache

from pydantic import Field

from lambdas.shared.settings import LedgerSettings


class Settings(LedgerSettings):
    """What the page is told beside the numbers, and where tiles are read and written.

    `database_prefix` stands before the names of this environment's Glue databases. `time_zone` is the one in which the
    page shows times, by its IANA name. With `explore`, marts are written as Parquet files for the page Explore.
    """

    dashboard_bucket: str = Field(min_length=3)
    database_prefix: str = ""
    environment: str = Field(min_length=1)
    time_zone: str = Field(default="UTC", pattern=r"^[A-Za-z0-9_+\-/]+$")
    explore: bool = False


@cache
def settings() -> Settings:
    return Settings()
