from functools import cache

from lambdas.shared.settings import LedgerSettings, StateMachineSettings


class Settings(LedgerSettings, StateMachineSettings):
    pass


@cache
def settings() -> Settings:
    return Settings()
