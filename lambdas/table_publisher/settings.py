from functools import cache

from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    """Nothing beyond what boto3 itself reads; a place for what comes."""


@cache
def settings() -> Settings:
    return Settings()
