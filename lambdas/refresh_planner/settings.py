from functools import cache

from pydantic import Field

from cartlake.runs.engine_choice import MEGABYTE, EngineLimits, SparkRunner
from lambdas.shared.settings import ArtifactSettings, LedgerSettings


class Settings(LedgerSettings, ArtifactSettings):
    """`refresh_job` is the name of the Glue job that rebuilds stale tables where the light engine does not,
    `forecast_job` of the one that forecasts.

    `light_table_max_mb` is the most that the light engine reads, in MB; `inf` is no limit.
    `gather_seconds` is how long a refresh waits for runs that are loading files, so that one job rebuilds for all.
    """

    refresh_job: str = Field(min_length=1)
    forecast_job: str = Field(min_length=1)
    gather_seconds: int = Field(default=60, ge=0)
    database_prefix: str = ""
    spark_runner: SparkRunner = "glue"
    light_table_max_mb: float = Field(ge=0)

    @property
    def limits(self) -> EngineLimits:
        """The largest refresh the light engine takes."""
        return EngineLimits(expanded=0, rows=0, table=self.light_table_max_mb * MEGABYTE)


@cache
def settings() -> Settings:
    return Settings()
