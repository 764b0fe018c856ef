"""All that a project may tell localaws: one object, passed to `localaws.server` or read from `LOCALAWS_…` variables.

What is passed to `load` goes before a variable, a variable before the default. The server passes its settings on to
the processes that it starts by the same variables.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from localaws.errors import TerminalError

PREFIX = "LOCALAWS_"


class SettingsError(TerminalError):
    """A setting has a value that it cannot have; the message names the variable."""


def default_cache() -> Path:
    """Return the folder of this user for downloads: below XDG_CACHE_HOME, else ~/.cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "localaws"


class Settings(BaseSettings):
    """How one embedded AWS runs. Field `port` is the variable `LOCALAWS_PORT`, and so on."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    home: Path = Path(".localaws")
    """The folder of all that it keeps: objects, state, logs, scratch. One server runs for each."""

    cache: Path = Field(default_factory=default_cache)
    """The folder of what was downloaded or computed once: Spark's jars, an archive of their classes."""

    port: int | None = Field(None, ge=1, le=65535)
    """The port on 127.0.0.1. Without it the port of the first start, at first a free one from 20000 to 29999."""

    auth: bool = False
    """Enforce IAM: every role may do what its policies allow, nothing else."""

    without: Annotated[tuple[str, ...], NoDecode] = ()
    """Names of extensions to leave out, separated by commas, to see what one of them does."""

    autosave_seconds: float = Field(0.5, gt=0)
    """How often to look for changes to save."""

    glue_minute_seconds: float = Field(60.0, gt=0)
    """The length of a minute of a Glue job's Timeout, for tests."""

    spark_prewarm: bool = True
    """Start Spark's worker when the first Spark job is created, not when it first runs."""

    spark_memory: str = "2g"
    """The heap of each Spark worker's JVM, as Java writes it."""

    athena_memory: str = "2GB"
    """The memory that all queries have together, as DuckDB writes it; what does not fit is written to disk."""

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
        """Return the variables from which another process loads these settings."""
        values = self.model_dump(exclude_none=True)
        values["without"] = ",".join(self.without)
        return {f"{PREFIX}{name.upper()}": str(value) for name, value in values.items()}


def load(**given: Any) -> Settings:
    """Return the settings of this process. Raises SettingsError for a value that a setting cannot have."""
    try:
        return Settings(**given)
    except ValidationError as error:
        faults = (f"{PREFIX}{str(fault['loc'][0]).upper()}: {fault['msg']}" for fault in error.errors())
        raise SettingsError("; ".join(faults)) from error
