from functools import cache

from pydantic import Field

from lambdas.shared.settings import LedgerSettings
from sources.registry import SourceSettings


class Settings(LedgerSettings):
    """`sources` are those the lake enables, by name, as JSON."""

    raw_bucket: str = Field(min_length=3)
    sources: dict[str, SourceSettings]


@cache
def settings() -> Settings:
    return Settings()
