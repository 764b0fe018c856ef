from functools import cache

from pydantic import Field

from lambdas.shared.settings import LedgerSettings


class Settings(LedgerSettings):
    quarantine_bucket: str = Field(min_length=3)
    incoming_queue_url: str = Field(min_length=1)
    retry_seconds: int = Field(default=30, ge=0, le=900)


@cache
def settings() -> Settings:
    return Settings()
