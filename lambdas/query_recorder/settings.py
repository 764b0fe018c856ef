from functools import cache

from lambdas.shared.settings import ArtifactSettings


class Settings(ArtifactSettings):
    pass


@cache
def settings() -> Settings:
    return Settings()
