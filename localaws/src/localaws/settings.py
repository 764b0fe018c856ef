"""All settings of localaws: one object, passed to `localaws.server` or read from `LOCALAWS_…` variables.

An argument of `load` overrides a variable, a variable overrides the default. The server passes its settings to the
processes that it starts by the same variables.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from localaws.errors import TerminalError

PREFIX = "LOCALAWS_"


class SettingsError(TerminalError):
    """A setting has an invalid value; the message names the variable."""


def default_cache() -> Path:
    """Return this user's folder for downloads: below XDG_CACHE_HOME, else ~/.cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "localaws"


class Settings(BaseSettings):
    """The settings of one embedded AWS. Field `port` is the variable `LOCALAWS_PORT`, and so on."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    home: Path = Path(".localaws")
    """The folder of all its files: objects, state, logs, scratch. One server runs for each."""

    cache: Path = Field(default_factory=default_cache)
    """The folder of files that are downloaded or computed once: Spark's jars, an archive of their classes."""

    port: int | None = Field(None, ge=1, le=65535)
    """The port on 127.0.0.1. By default a free one from 20000 to 29999, chosen at the first start and kept."""

    auth: bool = False
    """Enforce IAM: every role may do what its policies allow, nothing else."""

    without: Annotated[tuple[str, ...], NoDecode] = ()
    """Names of extensions to leave out, separated by commas, to see the effect of one of them."""

    lambda_concurrency: int | None = Field(None, ge=1)
    """How many Lambdas of the account may run at once, as AWS limits it (10 in a new account, 1,000 later).

    By default as many as half of this machine's memory is enough for, with 256 MB each.
    """

    throttling: float = Field(0.0, ge=0)
    """How much of AWS's rates of API calls the account has: 1 as on AWS, 0.1 a tenth, 0 without throttling."""

    autosave_seconds: float = Field(0.5, gt=0)
    """Seconds between two checks for changes to save."""

    glue_minute_seconds: float = Field(60.0, gt=0)
    """Seconds that a minute of a Glue job's Timeout lasts; tests shorten it."""

    request_log: bool = False
    """Log what AWS would bill to `logs/requests.jsonl`: requests, runs of functions, state transitions, events."""

    iam_log: bool = False
    """With `auth`, log the calls that roles make, and the rights that they need, to `logs/iam_calls.jsonl`."""

    spark_prewarm: bool = True
    """Start Spark's worker when the first Spark job is created, not when it first runs."""

    spark_memory: str = "2g"
    """The maximum heap of each Spark worker's JVM, in the notation of Java."""

    athena_memory: str = "2GB"
    """The memory of all queries together, in the notation of DuckDB; what does not fit is written to disk."""

    athena_dialect: Literal["athena", "trino"] = "athena"
    """How Athena's SQL is read: as Athena does, or as Trino, to compare answers (localaws.athena.dialects)."""

    ivy_settings: Path | None = None
    """An ivy settings file for resolving Spark's jars, for machines behind a mirror."""

    @field_validator("without", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(filter(None, value.split(","))) if isinstance(value, str) else value

    @field_validator("home", "cache", mode="after")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        return path.resolve()

    def environment(self) -> dict[str, str]:
        """Return these settings as variables, for another process to load."""
        values = self.model_dump(exclude_none=True)
        values["without"] = ",".join(self.without)
        return {f"{PREFIX}{name.upper()}": str(value) for name, value in values.items()}


def load(**given: Any) -> Settings:
    """Return the settings; `given` overrides the variables. Raises SettingsError for an invalid value."""
    try:
        return Settings(**given)
    except ValidationError as error:
        faults = (f"{PREFIX}{str(fault['loc'][0]).upper()}: {fault['msg']}" for fault in error.errors())
        raise SettingsError("; ".join(faults)) from error
