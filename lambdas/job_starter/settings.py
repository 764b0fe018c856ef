from functools import cache

from pydantic import Field

from lambdas.shared.settings import ArtifactSettings


class Settings(ArtifactSettings):
    idempotency_table: str = Field(min_length=3)


@cache
def settings() -> Settings:
    return Settings()
