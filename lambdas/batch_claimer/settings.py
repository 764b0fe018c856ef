from functools import cache

from pydantic import BaseModel, Field

from lambdas.shared.settings import ArtifactSettings, LedgerSettings


class Jobs(BaseModel):
    """The Glue jobs of one dataset."""

    etl: str
    marts: str | None = None


class Settings(LedgerSettings, ArtifactSettings):
    """`glue_jobs` is JSON: `{"transactions": {"etl": "…", "marts": "…" or null}}`."""

    glue_jobs: dict[str, Jobs] = Field(min_length=1)


@cache
def settings() -> Settings:
    return Settings()
