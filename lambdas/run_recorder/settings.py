from functools import cache

from lambdas.shared.settings import ArtifactSettings, LedgerSettings


class Settings(LedgerSettings, ArtifactSettings):
    pass


@cache
def settings() -> Settings:
    return Settings()
