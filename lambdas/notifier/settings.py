from functools import cache

from pydantic import Field

from lambdas.shared.settings import LedgerSettings


class Settings(LedgerSettings):
    alerts_topic_arn: str = Field(pattern=r"^arn:[^:]+:sns:[^:]+:\d{12}:.+$")
    environment: str = Field(min_length=1)


@cache
def settings() -> Settings:
    return Settings()
