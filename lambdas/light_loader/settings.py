from functools import cache

from pydantic import Field

from cartlake.runs.engine_choice import MEGABYTE
from lambdas.shared.settings import ArtifactSettings


class Settings(ArtifactSettings):
    """`light_table_max_mb` is what a merge may look at of a table, in MB; `inf` is no limit."""

    database_prefix: str = ""
    light_table_max_mb: float = Field(ge=0)

    @property
    def table_bytes(self) -> float:
        """The bytes of a table's files that a merge may look at."""
        return self.light_table_max_mb * MEGABYTE


@cache
def settings() -> Settings:
    return Settings()
