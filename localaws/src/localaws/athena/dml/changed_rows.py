"""Rewrites the files of an Iceberg table that hold changed rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.athena.catalog import iceberg
from localaws.athena.dml import partition_limit
from localaws.athena.dml.commits import as_schema, commit
from localaws.athena.errors import AthenaError
from localaws.athena.trino_types import literal, quote

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb
    import pyarrow as pa

    from localaws.athena.dml.commits import Target

_CHANGES = "changed_rows"


def rewrite(cursor: duckdb.DuckDBPyConnection, target: Target, changes: str, kept: str | None) -> int:
    """Rewrite the files that hold changed rows; return the number of changes.

    `kept` is the condition that selects the changes to write as rows; None writes none.
    """
    cursor.execute(f"CREATE TEMP TABLE {_CHANGES} AS {changes}")
    count = number(cursor, f"SELECT count(*) FROM {_CHANGES}")
    # Before anything is written: a row must not be updated twice.
    if number(
        cursor,
        f"SELECT count(*) FROM (SELECT 1 FROM {_CHANGES} WHERE __file IS NOT NULL "
        "GROUP BY __file, __position HAVING count(*) > 1)",
    ):
        raise AthenaError(
            "MERGE_TARGET_ROW_MULTIPLE_MATCHES", "One MERGE target table row matched more than one source row"
        )
    if not count:
        return 0
    files = cursor.execute(f"SELECT DISTINCT __file FROM {_CHANGES} WHERE __file IS NOT NULL").fetchall()
    touched = [str(f) for (f,) in files]
    parts = [_unchanged_rows(target, touched)] if touched else []
    if kept is not None:
        names = ", ".join(quote(name) for name, _ in target.columns)
        parts.append(f"SELECT {names} FROM {_CHANGES} WHERE {kept}")
        if target.table.spec().fields:
            partition_limit.check(rows(cursor, target, parts[-1]), target.table.schema(), target.table.spec())
    commit(target, rows(cursor, target, " UNION ALL ".join(parts)), touched)
    return count


def _unchanged_rows(target: Target, touched: Sequence[str]) -> str:
    scan = target.metadata.source(row_addresses=True).sql
    names = ", ".join(f"t.{quote(name)}" for name, _ in target.columns)
    listing = ", ".join(map(literal, touched))
    return (
        f"SELECT {names} FROM {scan} AS t WHERE t.{iceberg.FILE} IN ({listing}) AND NOT EXISTS (SELECT 1 FROM "
        f"{_CHANGES} AS changed WHERE changed.__file = t.{iceberg.FILE} "
        f"AND changed.__position = t.{iceberg.ROW_NUMBER})"
    )


def number(cursor: duckdb.DuckDBPyConnection, sql: str) -> int:
    """Return the one number of a query, 0 without a row."""
    found = cursor.execute(sql).fetchone()
    return int(found[0]) if found else 0


def rows(cursor: duckdb.DuckDBPyConnection, target: Target, sql: str) -> pa.Table:
    """Return the rows of a query in the schema of the table."""
    return as_schema(cursor.execute(sql).to_arrow_table(), target.table)
