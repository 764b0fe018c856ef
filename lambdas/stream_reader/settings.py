from functools import cache

from pydantic import Field

from lambdas.shared.settings import LedgerSettings
from sources.streams.connection import StreamSettings


class Settings(LedgerSettings):
    """`streams` are those the lake reads, by topic, as JSON."""

    raw_bucket: str = Field(min_length=3)
    streams: dict[str, StreamSettings]


@cache
def settings() -> Settings:
    return Settings()
