"""Expressions that fail when they are evaluated, with a message of Athena."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localaws.athena.trino_types import TrinoType


def failure(message_sql: str, kind: TrinoType) -> str:
    """Return SQL that fails with a message when it is evaluated.

    DuckDB's error() cannot be used: it is volatile, which TRY does not accept.
    """
    thrown = f"CAST({message_sql} AS INTEGER)"
    return f"CAST(CAST({thrown} AS VARCHAR) AS {kind.duckdb})"
