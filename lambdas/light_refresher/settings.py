from functools import cache

from lambdas.shared.settings import ArtifactSettings


class Settings(ArtifactSettings):
    """`database_prefix` stands before the names of this environment's Glue databases."""

    database_prefix: str = ""


@cache
def settings() -> Settings:
    return Settings()
