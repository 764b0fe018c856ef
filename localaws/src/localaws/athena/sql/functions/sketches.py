"""Aggregates that Trino approximates: percentiles, histograms, frequent values, sets. Here they are exact."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.athena.errors import UnsupportedSqlError
from localaws.athena.sql.expressions import casts
from localaws.athena.sql.scope import Typed
from localaws.athena.trino_types import (
    BIGINT,
    DOUBLE,
    INTEGER_DIGITS,
    VARBINARY,
    TrinoType,
    array,
    map_of,
)

if TYPE_CHECKING:
    from localaws.athena.sql.functions.aggregation import AggregateHandler, Aggregation

PAIR, TRIPLE = 2, 3
_HYPERLOGLOG = TrinoType("hyperloglog")


def _approx_percentile(a: Aggregation) -> Typed:
    if a.over or a.distinct:
        raise UnsupportedSqlError("approx_percentile with DISTINCT or as a window function")
    a.call.arity(2, 3, 4)
    value, *rest = a.call.values()
    if value.type.name not in {*INTEGER_DIGITS, "double", "real"}:
        value = casts.expect(value, DOUBLE, "approx_percentile")
    # (x, share), (x, share, accuracy), (x, weight, share) or (x, weight, share, accuracy).
    weighted = len(rest) == TRIPLE or (len(rest) == PAIR and not _is_accuracy(rest[1], rest[0]))
    weight = casts.expect(rest[0], DOUBLE, "approx_percentile").sql if weighted else "1"
    share = rest[1] if weighted else rest[0]
    known = f"{value.sql} IS NOT NULL"
    pairs = f"list_sort({a.apply('list', f'struct_pack(v := {value.sql}, w := {weight})', condition=known)})"
    if share.type.name == "array":
        shares = casts.expect(share, array(DOUBLE), "approx_percentile").sql
        item = a.call.fresh()
        found = f"list_transform({shares}, LAMBDA {item} : {_at_share(a, pairs, item, weighted=weighted)})"
        return Typed(f"CASE WHEN len({pairs}) > 0 THEN {found} END", array(value.type))
    fraction = casts.expect(share, DOUBLE, "approx_percentile").sql
    return Typed(_at_share(a, pairs, fraction, weighted=weighted), value.type)


def _is_accuracy(last: Typed, share: Typed) -> bool:
    """Return whether the third argument is an accuracy: then the second one is a share, below 1 or in an array."""
    if last.type.name == "array":
        return False
    if share.type.name == "array":
        return True
    constant = (share.constant or "").lstrip("-")
    return share.type.name in {"double", "decimal", "real"} and bool(constant) and float(constant) <= 1


def _at_share(a: Aggregation, pairs: str, share: str, *, weighted: bool) -> str:
    if not weighted:
        item = a.call.fresh()
        return f"trino_percentile(list_transform({pairs}, LAMBDA {item} : {item}.v), {share})"
    item = a.call.fresh()
    weights = f"list_transform({pairs}, LAMBDA {item} : {item}.w)"
    return f"({pairs}[trino_weighted_place({weights}, {share})]).v"


def _approx_most_frequent(a: Aggregation) -> Typed:
    a.call.arity(3)
    buckets, value = casts.expect(a.call.value(0), BIGINT, a.call.name), a.call.value(1)
    item = a.call.fresh()
    known = f"{value.sql} IS NOT NULL"
    counted = f"map_entries({a.apply('histogram', value.sql, condition=known)})"
    packed = (
        f"list_transform({counted}, LAMBDA {item} : struct_pack(n := -CAST({item}.value AS BIGINT), v := {item}.key))"
    )
    first = f"list_sort({packed})[1:{buckets.sql}]"
    entries = f"list_transform({first}, LAMBDA {item} : struct_pack(key := {item}.v, value := -{item}.n))"
    return Typed(f"map_from_entries({entries})", map_of(value.type, BIGINT))


def _numeric_histogram(a: Aggregation) -> Typed:
    a.call.arity(2, 3)
    buckets = casts.expect(a.call.value(0), BIGINT, a.call.name).sql
    value = a.double(1)
    weight = a.double(2) if len(a.call.nodes) == TRIPLE else "CAST(1 AS DOUBLE)"
    known = f"{value} IS NOT NULL"
    values, weights = (a.apply("list", part, condition=known) for part in (value, weight))
    return Typed(f"trino_numeric_histogram({buckets}, {values}, {weights})", map_of(DOUBLE, DOUBLE))


def _checksum(a: Aggregation) -> Typed:
    a.call.arity(1)
    value = a.call.value(0)
    match value.type.name:
        case "tinyint" | "smallint" | "integer" | "bigint" | "boolean":
            hashed = f"trino_hash_long(CAST({value.sql} AS BIGINT))"
        case "double":
            hashed = f"trino_hash_double({value.sql})"
        case "varchar":
            hashed = f"trino_xxhash64(encode({value.sql}))"
        case _:
            raise UnsupportedSqlError(f"checksum of {value.type}")
    return Typed(f"trino_checksum({a.apply('list', hashed)})", VARBINARY)


def _approx_set(a: Aggregation) -> Typed:
    a.call.arity(1, 2)
    value = a.call.value(0)
    known = f"{value.sql} IS NOT NULL"
    text = f"CAST({value.sql} AS VARCHAR)"
    return Typed(f"list_distinct({a.apply('list', text, condition=known)})", _HYPERLOGLOG)


def _merge(a: Aggregation) -> Typed:
    a.call.arity(1)
    sketch = a.call.value_of_type(0, "hyperloglog")
    return Typed(f"list_distinct(flatten({a.apply('list', sketch.sql)}))", _HYPERLOGLOG)


HANDLERS: dict[str, AggregateHandler] = {
    "approx_percentile": _approx_percentile,
    "approx_most_frequent": _approx_most_frequent,
    "numeric_histogram": _numeric_histogram,
    "checksum": _checksum,
    "approx_set": _approx_set,
    "merge": _merge,
}
