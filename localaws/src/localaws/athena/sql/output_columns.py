"""What Trino demands of the columns of a query that a table or view is made from, or that a view was made from."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.athena.errors import AthenaError, UnsupportedSqlError
from localaws.athena.sql.coercion import can_coerce
from localaws.athena.sql.parser.parsed_types import from_sqlglot
from localaws.athena.sql.parser.parsing import parse
from localaws.athena.sql.set_operations import as_types

if TYPE_CHECKING:
    from collections.abc import Sequence

    from localaws.athena.sql.scope import Relation
    from localaws.athena.sql.tables import View
    from localaws.athena.trino_types import TrinoType

STALE = "VIEW_IS_STALE"


class Unnamed(str):
    """The name that a column without a name has in a result, `_col0`: a table or view cannot have it."""

    __slots__ = ()


def check_columns(columns: Sequence[tuple[str, TrinoType]]) -> None:
    """Raise AthenaError unless the columns of a new table or view have names, each once, and types."""
    names: set[str] = set()
    for position, (name, _) in enumerate(columns, start=1):
        if isinstance(name, Unnamed):
            raise AthenaError("MISSING_COLUMN_NAME", f"line 1:1: Column name not specified at position {position}")
        if name.lower() in names:
            message = f"line 1:1: Column name '{name.lower()}' specified more than once"
            raise AthenaError("DUPLICATE_COLUMN_NAME", message)
        names.add(name.lower())
    check_types(columns)


def check_types(columns: Sequence[tuple[str, TrinoType]]) -> None:
    """Raise AthenaError for a column without a type, as that of `SELECT NULL AS x`."""
    for position, (_, kind) in enumerate(columns, start=1):
        if kind.name == "unknown":
            raise AthenaError("COLUMN_TYPE_UNKNOWN", f"line 1:1: Column type is unknown at position {position}")


def as_stored(name: str, view: View, relation: Relation) -> Relation:
    """Return the relation of a view with the types that were stored with it.

    Raises AthenaError VIEW_IS_STALE when the stored query has other columns now, as after ALTER TABLE of a `SELECT *`.
    """
    if not view.columns:
        return relation
    if len(view.columns) != len(relation.columns):
        raise _stale(
            name,
            f"stored view column count ({len(view.columns)}) does not match column count derived from the view query "
            f"analysis ({len(relation.columns)})",
        )
    kinds = []
    for position, ((stored, written), (found, own)) in enumerate(zip(view.columns, relation.columns, strict=True)):
        kind = _parsed(written) or own
        where = f"column [{found}] of type {own} projected from query view at position {position}"
        if stored.lower() != found.lower():
            message = f"{where} has a different name from column [{stored}] of type {kind} stored in view definition"
            raise _stale(name, message)
        if own != kind and not can_coerce(own, kind):
            message = f"{where} cannot be coerced to column [{stored}] of type {kind} stored in view definition"
            raise _stale(name, message)
        kinds.append(kind)
    if all(kind == own for kind, (_, own) in zip(kinds, relation.columns, strict=True)):
        return relation
    columns = tuple((found, kind) for (found, _), kind in zip(relation.columns, kinds, strict=True))
    return replace(relation, sql=f"SELECT * FROM {as_types(relation, kinds)}", columns=columns)


def _stale(name: str, reason: str) -> AthenaError:
    message = f"View 'awsdatacatalog.{name}' is stale or in invalid state: {reason}. Create it again."
    return AthenaError(STALE, message)


def _parsed(written: str) -> TrinoType | None:
    """Return the type of a stored column, None for a type that this engine does not have."""
    try:
        cast = parse(f"SELECT CAST(NULL AS {written})").find(exp.Cast)
        return from_sqlglot(cast.to) if cast is not None else None
    except (UnsupportedSqlError, AthenaError):
        return None
