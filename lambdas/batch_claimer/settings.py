from functools import cache

from pydantic import Field

from cartlake.runs.engine_choice import MEGABYTE, EngineLimits, SparkRunner
from lambdas.shared.settings import ArtifactSettings, LedgerSettings


class Settings(LedgerSettings, ArtifactSettings):
    """`transform_job` is the name of the Glue job that loads files, of whatever dataset.

    The limits are of batches that the light engine takes, in MB; `inf` is none. `spark_runner` runs all others.
    """

    transform_job: str = Field(min_length=1)
    database_prefix: str = ""
    spark_runner: SparkRunner = "glue"
    light_max_mb: float = Field(ge=0)
    light_max_rows: float = Field(ge=0)
    light_table_max_mb: float = Field(ge=0)

    @property
    def limits(self) -> EngineLimits:
        """The largest batch the light engine takes."""
        return EngineLimits(
            expanded=self.light_max_mb * MEGABYTE,
            rows=self.light_max_rows,
            table=self.light_table_max_mb * MEGABYTE,
        )


@cache
def settings() -> Settings:
    return Settings()
