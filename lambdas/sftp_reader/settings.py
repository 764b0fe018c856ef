from functools import cache

from pydantic import Field

from lambdas.shared.settings import LedgerSettings
from sources.sftp.model import ServerSettings


class Settings(LedgerSettings):
    """`sftp` are the servers the lake reads, by name, as JSON."""

    raw_bucket: str = Field(min_length=3)
    sftp: dict[str, ServerSettings]


@cache
def settings() -> Settings:
    return Settings()
