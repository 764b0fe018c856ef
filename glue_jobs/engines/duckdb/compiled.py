"""Transforms as DuckDB's SQL, compiled once for inputs of the same columns.

A transform is a function of frames. SQLFrame writes its query, which takes 0.1 to 1.5 s where DuckDB needs a hundredth
of that to run it over a small batch. The query depends on the code, on the contract and on the columns of the inputs,
never on a run: so most are compiled when the artifacts are built, and the others are kept for the life of the process.
"""

from __future__ import annotations

import gc
import hashlib
import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import duckdb

from cartlake.engine import using
from glue_jobs.engines.duckdb.session import prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from cartlake.engine import DataFrame

Columns: TypeAlias = tuple[tuple[str, str], ...]
"""Names and DuckDB types of the columns of an input, in order."""

_INPUT: Final = "cartlake_input_{0}"
_BUILT: Final = Path(__file__).with_name("queries.json")
"""SQL by what it depends on; the functions have it, a checkout has not."""


@dataclass
class Queries:
    """Compiled queries by what they depend on. An input stands in a query as `cartlake_input_<place>`."""

    known: dict[str, str] = field(default_factory=dict)

    def query(
        self, transform: Callable[..., DataFrame], inputs: Sequence[Columns], constants: Mapping[str, object]
    ) -> str:
        """Return the query of a transform for inputs with these columns."""
        key = _key(transform, inputs, constants)
        if key not in self.known:
            self.known[key] = _compile(transform, inputs, constants)
        return self.known[key]


@cache
def queries() -> Queries:
    """The queries of this process, from the start those that were built into its code."""
    return Queries(json.loads(_BUILT.read_text()) if _BUILT.exists() else {})


def over(query: str, relations: Sequence[str]) -> str:
    """Return a compiled query over relations of these names, in the order of the inputs."""
    for place, relation in reversed(list(enumerate(relations))):
        query = query.replace(_INPUT.format(place), relation)
    return query


def _key(transform: Callable[..., DataFrame], inputs: Sequence[Columns], constants: Mapping[str, object]) -> str:
    about = repr((transform.__module__, transform.__qualname__, inputs, sorted(constants.items())))
    return hashlib.sha256(about.encode()).hexdigest()


def _compile(transform: Callable[..., DataFrame], inputs: Sequence[Columns], constants: Mapping[str, object]) -> str:
    """Have SQLFrame write the query, over empty tables in a database of its own."""
    from sqlframe.duckdb import DuckDBSession  # noqa: PLC0415 - half a second that compiled queries do without

    with duckdb.connect() as connection, using("duckdb"), _no_garbage_collection():
        prepare(connection)
        DuckDBSession().stop()  # SQLFrame keeps one session per process, whatever connection it is given later
        session = DuckDBSession(connection)
        frames: list[Any] = []
        for place, columns in enumerate(inputs):
            name = _INPUT.format(place)
            listed = ", ".join(f'"{column}" {kind}' for column, kind in columns)
            connection.execute(f"create table {name} ({listed})")
            frames.append(session.table(name))
        query: Any = transform(*frames, **constants)
        text: str = query.sql(dialect="duckdb", optimize=False, pretty=False)
        DuckDBSession().stop()
    return text


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """SQLFrame makes hundreds of thousands of objects that stay; to look through them takes a fifth of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
