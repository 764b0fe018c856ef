from functools import cache

from pydantic import Field

from lambdas.shared.settings import LedgerSettings


class Settings(LedgerSettings):
    state_machine_arn: str = Field(pattern=r"^arn:[^:]+:states:[^:]+:\d{12}:stateMachine:.+$")


@cache
def settings() -> Settings:
    return Settings()
