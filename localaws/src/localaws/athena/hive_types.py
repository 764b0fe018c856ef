"""Types a column of a Hive table or of a view may have: Athena refuses all others, and so must this engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.athena.errors import AthenaError
from localaws.athena.trino_types import MILLIS, to_hive

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from localaws.athena.trino_types import TrinoType

HIVE_TYPES = frozenset(
    {
        "boolean",
        "tinyint",
        "smallint",
        "integer",
        "bigint",
        "real",
        "double",
        "decimal",
        "varchar",
        "char",
        "varbinary",
        "date",
        "timestamp",
        "array",
        "map",
        "row",
    }
)


def hive_type(kind: TrinoType) -> str:
    """Return Hive's name of a type. Raises AthenaError for one that Hive has not, also within another."""
    for part in _parts(kind):
        if part.name not in HIVE_TYPES:
            raise AthenaError("NOT_SUPPORTED", f"Unsupported Hive type: {part}")
    return to_hive(kind)


def hive_columns(columns: Iterable[tuple[str, TrinoType]]) -> list[dict[str, str]]:
    """Return Glue's columns of a Hive table. Raises AthenaError for a type that Hive cannot write.

    Athena writes Hive's timestamps in milliseconds, and does not round to them.
    """
    described = []
    for name, kind in columns:
        described.append({"Name": name, "Type": hive_type(kind)})
        for part in _parts(kind):
            if part.name == "timestamp" and part.precision != MILLIS:
                raise AthenaError(
                    "NOT_SUPPORTED",
                    f"Incorrect timestamp precision for {part}; the configured precision is MILLISECONDS; "
                    f"column name: {name}",
                )
    return described


def _parts(kind: TrinoType) -> Iterator[TrinoType]:
    yield kind
    for part in kind.args:
        yield from _parts(part)
