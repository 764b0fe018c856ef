from functools import cache

from pydantic import Field

from cartlake.runs.engine_choice import SparkRunner
from lambdas.shared.settings import ArtifactSettings


class Settings(ArtifactSettings):
    idempotency_table: str = Field(min_length=3)
    spark_runner: SparkRunner = "glue"


@cache
def settings() -> Settings:
    return Settings()
