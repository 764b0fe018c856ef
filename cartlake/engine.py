"""`F` and `Window` for two engines, Spark and DuckDB, so that transforms are written once.

Transforms import from here instead of from pyspark:

    from cartlake.engine import F, Window

They then run on Spark, and unchanged on DuckDB through SQLFrame, which implements the same API. The engine is looked up
at each call, so one process can run the same function on both. Make columns inside functions: one that is made while a
module is imported is a column of the engine that was in use at that time.

The default is Spark, or what `CARTLAKE_ENGINE` says. `using("duckdb")` switches for a block of code.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

from cartlake.errors import TerminalError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import Column, DataFrame, Window
    from pyspark.sql import functions as F

Engine = Literal["spark", "duckdb"]

_PACKAGES: dict[str, str] = {"spark": "pyspark.sql", "duckdb": "sqlframe.duckdb"}
_chosen: ContextVar[Engine | None] = ContextVar("cartlake_engine", default=None)


def current() -> Engine:
    """Return the engine in use. Raises TerminalError when `CARTLAKE_ENGINE` names no engine."""
    # Read at each call, so that a test can change the variable.
    return _chosen.get() or _named(os.environ.get("CARTLAKE_ENGINE", "spark"))


@contextmanager
def using(engine: Engine) -> Iterator[None]:
    """Run a block of code on the given engine. Raises TerminalError for an unknown one."""
    token = _chosen.set(_named(engine))
    try:
        yield
    finally:
        _chosen.reset(token)


def _named(engine: str) -> Engine:
    if engine not in get_args(Engine):
        raise TerminalError(f"CARTLAKE_ENGINE = {engine!r}: no such engine; use {' or '.join(get_args(Engine))}")
    return cast("Engine", engine)


@cache
def _module(engine: Engine, name: str) -> Any:
    package = import_module(_PACKAGES[engine])
    # `functions` is a module of the package; `Window` is a class in it.
    return import_module(f"{_PACKAGES[engine]}.{name}") if name == "functions" else getattr(package, name)


class _Switch:
    """Forwards every attribute to `pyspark.sql.<name>`, or to its counterpart of the engine in use."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(_module(current(), self._name), attribute)


def broadcast(rows: DataFrame) -> DataFrame:
    """Return the rows, for Spark with a hint to send all of them to every task of a join; DuckDB needs no hint."""
    return F.broadcast(rows) if current() == "spark" else rows


def json_text(struct: Column) -> Column:
    """Return a struct as JSON (RFC 8259) without its null members, in the order of its fields: equal on both engines.

    Spark leaves nulls out; on DuckDB a merge patch (RFC 7396) of an empty object does.
    """
    if current() == "spark":
        return F.to_json(struct)
    return F.call_function("json_merge_patch", F.lit("{}"), F.to_json(struct)).cast("string")


if not TYPE_CHECKING:
    Column = DataFrame = Any  # only ever named in annotations
    F = _Switch("functions")
    Window = _Switch("Window")

__all__ = ["Column", "DataFrame", "Engine", "F", "Window", "broadcast", "current", "json_text", "using"]
