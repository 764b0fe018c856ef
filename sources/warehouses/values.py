"""Values of a warehouse as JSON: what the contract's types are read from, exact, and never a binary fraction."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from sources.errors import SchemaChangedError

if TYPE_CHECKING:
    from cartlake.contracts import Column

JSON_VALUES: Final = (str, bool, int)


def json_value(column: Column, value: Any) -> Any:
    """Return a value as JSON: times in UTC, decimals as text, JSON itself where the column is nested.

    Whether it fits the column is judged where files are. Raises SchemaChangedError for a value that has no JSON.
    """
    if value is None:
        return None
    if column.is_nested and isinstance(value, str):
        return _parsed(value)
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal | float):
        return _number(column, Decimal(str(value)))
    if isinstance(value, JSON_VALUES):
        return value
    raise SchemaChangedError(
        f"Column {column.name} holds a value of type {type(value).__name__}, which a file cannot hold. Nothing was "
        f"read of this page. Cast it to text in a view, and name the view as the table of the source."
    )


def iso(moment: datetime) -> str:
    """Return a time as ISO 8601 in UTC with microseconds; one without zone is taken as UTC."""
    # Not cartlake.times.stamp: years before 1000, which warehouses hold for "never", would have three digits.
    moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _number(column: Column, value: Decimal) -> str | int:
    if not value.is_finite():
        return str(value)
    if value == value.to_integral_value() and column.type in {"int", "bigint"}:
        return int(value)
    return format(value, "f")


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, parse_float=str)
    except ValueError:
        return text
