"""Which types Trino coerces to which: the common type of two operands, and implicit casts."""

from __future__ import annotations

from dataclasses import replace

from localaws.athena.trino_types import DOUBLE, INTEGER_DIGITS, NUMERIC, REAL, VARCHAR, TrinoType, decimal

_INTEGERS = ["tinyint", "smallint", "integer", "bigint"]
_INSTANTS = ["date", "timestamp", "timestamp with time zone"]


def as_decimal(kind: TrinoType) -> TrinoType:
    """Return the decimal type that holds every value of an integer type; a decimal type as it is."""
    return kind if kind.name == "decimal" else decimal(INTEGER_DIGITS[kind.name], 0)


def common_type(left: TrinoType, right: TrinoType) -> TrinoType | None:  # noqa: PLR0911 -- one rule per family
    """Return the type to which Trino coerces both, None when it refuses to compare them."""
    if left == right:
        return left if left.zone == right.zone else replace(left, zone=None)
    if left.name == "unknown" or right.name == "unknown":
        return right if left.name == "unknown" else left
    if left.name == right.name:
        return _same_name(left, right)
    if left.name in NUMERIC and right.name in NUMERIC:
        return _numeric(left, right)
    if left.name in _INSTANTS and right.name in _INSTANTS:
        wide = max(left, right, key=lambda t: _INSTANTS.index(t.name))
        return replace(wide, precision=max(left.precision or 0, right.precision or 0))
    if {left.name, right.name} == {"char", "varchar"}:
        return VARCHAR
    return None


def _same_name(left: TrinoType, right: TrinoType) -> TrinoType | None:
    if left.name == "decimal":
        scale = max(left.scale, right.scale)
        return decimal(max(_whole_digits(left), _whole_digits(right)) + scale, scale)
    if left.name in {"array", "map", "row"}:
        if len(left.args) != len(right.args):
            return None
        args = [common_type(a, b) for a, b in zip(left.args, right.args, strict=True)]
        if any(a is None for a in args):
            return None
        names = tuple(a if a == b else "" for a, b in zip(left.fields, right.fields, strict=True))
        return replace(left, args=tuple(a for a in args if a is not None), fields=names)
    if left.precision is None or right.precision is None:
        return replace(left, precision=None)
    zone = left.zone if left.zone == right.zone else None
    return replace(left, precision=max(left.precision, right.precision), zone=zone)


def _numeric(left: TrinoType, right: TrinoType) -> TrinoType:
    names = {left.name, right.name}
    if "double" in names:
        return DOUBLE
    if "real" in names:
        return REAL
    if "decimal" in names:
        wide = _same_name(as_decimal(left), as_decimal(right))
        assert wide is not None  # noqa: S101 -- two decimals always have a common type
        return wide
    return TrinoType(max(names, key=_INTEGERS.index))


def _whole_digits(kind: TrinoType) -> int:
    return (kind.precision or 0) - kind.scale


def can_coerce(source: TrinoType, target: TrinoType) -> bool:
    """Return whether Trino casts `source` to `target` implicitly."""
    if source.name == "varchar" and target.name == "varchar":
        return True
    common = common_type(source, target)
    if common is not None and common.name == "decimal":
        return common.scale == target.scale and (common.precision or 0) <= (target.precision or 0)
    return common is not None and common.name == target.name
