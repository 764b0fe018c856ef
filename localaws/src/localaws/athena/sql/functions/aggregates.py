"""Aggregates. FILTER, DISTINCT, ORDER BY, OVER and IGNORE NULLS apply to each DuckDB aggregate of a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.athena.errors import UnsupportedSqlError
from localaws.athena.sql.expressions import casts, decimals
from localaws.athena.sql.functions import sketches
from localaws.athena.sql.functions.arrays import reduced
from localaws.athena.sql.scope import Typed
from localaws.athena.trino_types import BIGINT, BOOLEAN, DOUBLE, INTEGER_DIGITS, VARCHAR, array, decimal, map_of

if TYPE_CHECKING:
    from localaws.athena.sql.functions.aggregation import AggregateHandler, Aggregation


PAIR = 2


def _count(a: Aggregation) -> Typed:
    star = not a.call.nodes or type(a.call.nodes[0]).__name__ == "Star"
    return Typed(a.apply("count", "*" if star else a.call.value(0).sql), BIGINT)


def _count_if(a: Aggregation) -> Typed:
    a.call.arity(1)
    condition = casts.expect(a.call.value(0), BOOLEAN, "count_if").sql
    return Typed(a.apply("count", "*", condition=condition), BIGINT)


def _sum(a: Aggregation) -> Typed:
    value = a.call.value(0)
    if value.type.name == "interval day to second":
        return Typed(a.apply("sum", value.sql), value.type)
    value = a.number()
    kind = value.type
    if kind.name in INTEGER_DIGITS:
        kind = BIGINT
    if kind.name == "decimal":
        kind = decimal(38, kind.scale)
    return Typed(f"CAST({a.apply('sum', value.sql)} AS {kind.duckdb})", kind)


def _avg(a: Aggregation) -> Typed:
    value = a.call.value(0)
    if value.type.name == "interval day to second":
        return Typed(a.apply("avg", value.sql), value.type)
    value = a.number()
    if value.type.name != "decimal":
        kind = value.type if value.type.name == "real" else DOUBLE
        return Typed(f"CAST({a.apply('avg', value.sql)} AS {kind.duckdb})", kind)
    # DuckDB's average of decimals is a double.
    total, count = a.apply("sum", value.sql), a.apply("count", value.sql)
    quotient = decimals.quotient(total, value.type.scale, f"nullif({count}, 0)", 0, value.type.scale)
    return Typed(f"CAST({quotient} AS {value.type.duckdb})", value.type)


def _extreme(function: str) -> AggregateHandler:
    def handle(a: Aggregation) -> Typed:
        a.call.arity(1, 2)
        value = a.call.value(0)
        if len(a.call.nodes) == 1:
            return Typed(a.apply(function, value.sql), value.type)
        return Typed(a.apply(function, value.sql, a.call.value(1).sql), array(value.type))

    return handle


def _by(function: str, sort: str) -> AggregateHandler:
    def handle(a: Aggregation) -> Typed:
        a.call.arity(2, 3)
        value, key = a.call.value(0), a.call.value(1)
        if len(a.call.nodes) == PAIR:
            return Typed(a.apply(f"{function}_null", value.sql, key.sql), value.type)
        if a.over or a.order:
            raise UnsupportedSqlError(f"{a.call.name} of three arguments as a window function")
        item = a.call.fresh()
        pairs = a.apply("list", f"struct_pack(k := {key.sql}, v := {value.sql})", condition=f"{key.sql} IS NOT NULL")
        ordered = f"list_sort({pairs}, '{sort}', 'NULLS LAST')[1:{a.call.value(2).sql}]"
        return Typed(f"list_transform({ordered}, LAMBDA {item} : {item}.v)", array(value.type))

    return handle


def _same(function: str) -> AggregateHandler:
    def handle(a: Aggregation) -> Typed:
        a.call.arity(1)
        value = a.call.value(0)
        return Typed(a.apply(function, value.sql), value.type)

    return handle


def _boolean(function: str) -> AggregateHandler:
    def handle(a: Aggregation) -> Typed:
        a.call.arity(1)
        return Typed(a.apply(function, casts.expect(a.call.value(0), BOOLEAN, a.call.name).sql), BOOLEAN)

    return handle


def _bits(function: str) -> AggregateHandler:
    def handle(a: Aggregation) -> Typed:
        a.call.arity(1)
        return Typed(a.apply(function, casts.expect(a.call.value(0), BIGINT, a.call.name).sql), BIGINT)

    return handle


def _statistic(function: str, arguments: int = 1) -> AggregateHandler:
    """Return the handler of an aggregate of doubles."""

    def handle(a: Aggregation) -> Typed:
        a.call.arity(arguments)
        return Typed(a.apply(function, *(a.double(i) for i in range(arguments))), DOUBLE)

    return handle


def _skewness(a: Aggregation) -> Typed:
    a.call.arity(1)
    value = a.double(0)
    skew, count = a.apply("skewness", value), f"CAST({a.apply('count', value)} AS DOUBLE)"
    # DuckDB corrects for the sample, Trino gives the population's skewness
    return Typed(f"({skew} * ({count} - 2) / sqrt({count} * ({count} - 1)))", DOUBLE)


def _geometric_mean(a: Aggregation) -> Typed:
    a.call.arity(1)
    return Typed(a.apply("geomean", a.double(0)), DOUBLE)


def _array_agg(a: Aggregation) -> Typed:
    a.call.arity(1)
    value = a.call.value(0)
    return Typed(a.apply("list", value.sql, ordered=True), array(value.type))


def _listagg(a: Aggregation) -> Typed:
    value = casts.expect(a.call.value(0), VARCHAR, "listagg").sql
    separator = a.call.value(1).sql if len(a.call.nodes) == PAIR else "''"
    return Typed(a.apply("string_agg", value, separator, ordered=True), VARCHAR)


def _approx_distinct(a: Aggregation) -> Typed:
    if a.distinct or a.over:
        raise UnsupportedSqlError("approx_distinct with DISTINCT or as a window function")
    a.call.arity(1, 2)
    # The exact count is within the standard error of Athena.
    return Typed(a.apply("count", f"DISTINCT {a.call.value(0).sql}"), BIGINT)


def _map_agg(a: Aggregation) -> Typed:
    a.call.arity(2)
    key, value = a.call.value(0), a.call.value(1)
    entries = a.apply(
        "list", f"struct_pack(key := {key.sql}, value := {value.sql})", condition=f"{key.sql} IS NOT NULL"
    )
    return Typed(f"trino_map_of_entries({entries})", map_of(key.type, value.type))


def _multimap_agg(a: Aggregation) -> Typed:
    a.call.arity(2)
    key, value = a.call.value(0), a.call.value(1)
    entries = a.apply(
        "list", f"struct_pack(key := {key.sql}, value := {value.sql})", condition=f"{key.sql} IS NOT NULL"
    )
    return Typed(f"trino_multimap({entries})", map_of(key.type, array(value.type)))


def _map_union(a: Aggregation) -> Typed:
    a.call.arity(1)
    value = a.call.value_of_type(0, "map")
    item = a.call.fresh()
    maps = a.apply("list", value.sql, condition=f"{value.sql} IS NOT NULL")
    entries = f"flatten(list_transform({maps}, LAMBDA {item} : map_entries({item})))"
    return Typed(f"trino_map_of_entries({entries})", value.type)


def _reduce_agg(a: Aggregation) -> Typed:
    a.call.arity(4)
    value = a.call.value(0)
    values = a.apply("list", value.sql, condition=f"{value.sql} IS NOT NULL")
    return reduced(a.call, Typed(values, array(value.type)), a.call.value(1))


def _histogram(a: Aggregation) -> Typed:
    a.call.arity(1)
    value = a.call.value(0)
    kind = map_of(value.type, BIGINT)
    return Typed(f"CAST({a.apply('histogram', value.sql)} AS {kind.duckdb})", kind)


HANDLERS: dict[str, AggregateHandler] = {
    "count": _count,
    "count_if": _count_if,
    "sum": _sum,
    "avg": _avg,
    "min": _extreme("min"),
    "max": _extreme("max"),
    "min_by": _by("arg_min", "ASC"),
    "max_by": _by("arg_max", "DESC"),
    "arbitrary": _same("any_value"),
    "any_value": _same("any_value"),
    "bool_and": _boolean("bool_and"),
    "bool_or": _boolean("bool_or"),
    "every": _boolean("bool_and"),
    "bitwise_and_agg": _bits("bit_and"),
    "bitwise_or_agg": _bits("bit_or"),
    "stddev": _statistic("stddev_samp"),
    "stddev_samp": _statistic("stddev_samp"),
    "stddev_pop": _statistic("stddev_pop"),
    "variance": _statistic("var_samp"),
    "var_samp": _statistic("var_samp"),
    "var_pop": _statistic("var_pop"),
    "covar_pop": _statistic("covar_pop", 2),
    "covar_samp": _statistic("covar_samp", 2),
    "corr": _statistic("corr", 2),
    "regr_slope": _statistic("regr_slope", 2),
    "regr_intercept": _statistic("regr_intercept", 2),
    "skewness": _skewness,
    "geometric_mean": _geometric_mean,
    "array_agg": _array_agg,
    "listagg": _listagg,
    "approx_distinct": _approx_distinct,
    "bitwise_xor_agg": _bits("bit_xor"),
    "kurtosis": _statistic("kurtosis"),
    **sketches.HANDLERS,
    "map_agg": _map_agg,
    "map_union": _map_union,
    "reduce_agg": _reduce_agg,
    "multimap_agg": _multimap_agg,
    "histogram": _histogram,
}
