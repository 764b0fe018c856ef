from functools import cache

from pydantic import Field

from lambdas.shared.settings import LedgerSettings


class Settings(LedgerSettings):
    quarantine_bucket: str = Field(min_length=3)


@cache
def settings() -> Settings:
    return Settings()
