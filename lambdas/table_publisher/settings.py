from functools import cache

from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    """No settings besides those that boto3 reads itself."""


@cache
def settings() -> Settings:
    return Settings()
