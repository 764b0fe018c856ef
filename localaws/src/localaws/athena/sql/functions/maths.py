"""Functions of numbers, with Trino's result types for decimals and doubles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.athena.sql.expressions import casts
from localaws.athena.sql.expressions.failures import failure
from localaws.athena.sql.expressions.operators import arithmetic
from localaws.athena.sql.functions.registry import Invocation, declare
from localaws.athena.sql.scope import Typed
from localaws.athena.trino_types import BIGINT, DOUBLE, INTEGER, INTEGER_DIGITS, NUMERIC, TrinoType, decimal

if TYPE_CHECKING:
    from localaws.athena.sql.functions.registry import Handler

_TABLE = """
    sqrt(double) -> double := trino_sqrt({0})
    cbrt(double) -> double := trino_cbrt({0})
    exp(double) -> double := exp({0})
    ln(double) -> double := trino_ln({0})
    log2(double) -> double := trino_log2({0})
    log10(double) -> double := trino_log10({0})
    log(double, double) -> double := (trino_ln({1}) / trino_ln({0}))
    power(double, double) -> double := pow({0}, {1})
    pow(double, double) -> double := pow({0}, {1})
    radians(double) -> double := radians({0})
    degrees(double) -> double := degrees({0})
    sin(double) -> double := trino_sin({0})
    cos(double) -> double := trino_cos({0})
    tan(double) -> double := trino_tan({0})
    asin(double) -> double := trino_asin({0})
    acos(double) -> double := trino_acos({0})
    atan(double) -> double := atan({0})
    atan2(double, double) -> double := atan2({0}, {1})
    sinh(double) -> double := sinh({0})
    cosh(double) -> double := cosh({0})
    tanh(double) -> double := tanh({0})
    cosine_similarity(weights, weights) -> double := trino_cosine({0}, {1})
    cosine_similarity(doubles, doubles) -> double := trino_cosine_of_arrays({0}, {1})
    cosine_distance(weights, weights) -> double := (1 - trino_cosine({0}, {1}))
    cosine_distance(doubles, doubles) -> double := (1 - trino_cosine_of_arrays({0}, {1}))
    beta_cdf(double, double, double) -> double := trino_beta_cdf({0}, {1}, {2})
    inverse_beta_cdf(double, double, double) -> double := trino_inverse_beta_cdf({0}, {1}, {2})
    normal_cdf(double, double, double) -> double := trino_normal_cdf({0}, {1}, {2})
    inverse_normal_cdf(double, double, double) -> double := trino_inverse_normal_cdf({0}, {1}, {2})
    t_cdf(double, double) -> double := trino_t_cdf({0}, {1})
    t_pdf(double, double) -> double := trino_t_pdf({0}, {1})
    wilson_interval_lower(bigint, bigint, double) -> double := trino_wilson_lower({0}, {1}, {2})
    wilson_interval_upper(bigint, bigint, double) -> double := trino_wilson_upper({0}, {1}, {2})
    bit_count(bigint, bigint) -> bigint := trino_bit_count({0}, {1})
    pi() -> double := pi()
    e() -> double := exp(CAST(1 AS DOUBLE))
    infinity() -> double := CAST('infinity' AS DOUBLE)
    nan() -> double := CAST('nan' AS DOUBLE)
    is_nan(double) -> boolean := isnan({0})
    is_finite(double) -> boolean := isfinite({0})
    is_infinite(double) -> boolean := isinf({0})
    bitwise_and(bigint, bigint) -> bigint := ({0} & {1})
    bitwise_or(bigint, bigint) -> bigint := ({0} | {1})
    bitwise_xor(bigint, bigint) -> bigint := xor({0}, {1})
    bitwise_not(bigint) -> bigint := (~{0})
    width_bucket(double, double, double, bigint) -> bigint := trino_width_bucket({0}, {1}, {2}, {3})
    width_bucket(double, doubles) -> bigint := trino_width_bucket_bins({0}, {1})
"""


def _numeric(call: Invocation) -> Typed:
    value = call.value(0)
    if value.type.name not in NUMERIC:
        raise call.mismatch([value])
    return value


def _abs(call: Invocation) -> Typed:
    call.arity(1)
    value = _numeric(call)
    return Typed(f"abs({value.sql})", value.type)


def _sign(call: Invocation) -> Typed:
    call.arity(1)
    value = _numeric(call)
    kind = decimal(1, 0) if value.type.name == "decimal" else value.type
    return Typed(f"CAST(sign({value.sql}) AS {kind.duckdb})", kind)


def _to_whole(function: str) -> Handler:
    def handle(call: Invocation) -> Typed:
        call.arity(1)
        value = _numeric(call)
        if value.type.name in INTEGER_DIGITS:
            return value
        kind = _whole(value.type)
        return Typed(f"CAST({function}({value.sql}) AS {kind.duckdb})", kind)

    return handle


def _whole(kind: TrinoType) -> TrinoType:
    """Return the type of a rounded number. A decimal with a fraction gets one more digit: 9.9 is rounded to 10."""
    if kind.name != "decimal":
        return kind
    return decimal((kind.precision or 0) - kind.scale + min(kind.scale, 1), 0)


def _round(call: Invocation) -> Typed:
    call.arity(1, 2)
    if len(call.nodes) == 1:
        return _to_whole("round")(call)
    value, digits = _numeric(call), casts.expect(call.value(1), INTEGER, "round")
    if value.type.name == "decimal":
        kind = decimal((value.type.precision or 0) + 1, value.type.scale)
        return Typed(f"CAST(round({value.sql}, {digits.sql}) AS {kind.duckdb})", kind)
    return Typed(f"CAST(round({value.sql}, {digits.sql}) AS {value.type.duckdb})", value.type)


def _truncate(call: Invocation) -> Typed:
    call.arity(1, 2)
    value = _numeric(call)
    if len(call.nodes) == 1:
        kind = value.type
        if kind.name == "decimal":
            kind = decimal(max((kind.precision or 0) - kind.scale, 1), 0)
        return Typed(f"CAST(trunc({value.sql}) AS {kind.duckdb})", kind)
    if value.type.name != "decimal":
        raise call.mismatch([value])
    digits = int(call.text(1))
    unit = decimal(38, max(digits, 0)).duckdb
    cut = f"trunc({value.sql} * CAST({10 ** max(digits, 0)} AS DECIMAL(20,0)))"
    return Typed(
        f"CAST(CAST({cut} AS {unit}) * CAST('{10 ** -max(digits, 0):.{max(digits, 0)}f}' AS "
        f"DECIMAL({max(digits, 0) + 1},{max(digits, 0)})) AS {value.type.duckdb})",
        value.type,
    )


def _mod(call: Invocation) -> Typed:
    call.arity(2)
    return arithmetic("%", call.value(0), call.value(1))


def _random(call: Invocation) -> Typed:
    call.arity(0, 1, 2)
    if not call.nodes:
        return Typed("random()", DOUBLE)
    bounds = call.values()
    if any(bound.type.name not in INTEGER_DIGITS for bound in bounds):
        raise call.mismatch(bounds)
    (*low, high), kind = casts.unify(bounds, f"arguments of {call.name}")
    start = low[0].sql if low else "0"
    thrown = "bound must be greater than origin" if low else "bound must be positive"
    size = f"(CAST({high.sql} AS HUGEINT) - {start})"
    failed = failure(f"'INVALID_FUNCTION_ARGUMENT: {thrown}'", kind)
    drawn = f"CAST(floor(random() * {size}) AS HUGEINT) + {start}"
    return Typed(f"CAST(CASE WHEN {size} <= 0 THEN {failed} ELSE {drawn} END AS {kind.duckdb})", kind)


_BITS = {"tinyint": 8, "smallint": 16, "integer": 32, "bigint": 64}


def _shift(function: str) -> Handler:
    def handle(call: Invocation) -> Typed:
        call.arity(2)
        value, amount = call.value(0), casts.expect(call.value(1), BIGINT, call.name)
        if value.type.name not in _BITS:
            raise call.mismatch([value])
        shifted = f"{function}(CAST({value.sql} AS BIGINT), {amount.sql}, {_BITS[value.type.name]})"
        return Typed(f"CAST({shifted} AS {value.type.duckdb})", value.type)

    return handle


def _extreme(function: str) -> Handler:
    def handle(call: Invocation) -> Typed:
        values, kind = casts.unify(call.values(), f"arguments of {function}")
        # DuckDB skips NULL arguments, Trino returns NULL
        no_nulls = " AND ".join(f"{value.sql} IS NOT NULL" for value in values)
        chosen = f"{function}({', '.join(value.sql for value in values)})"
        return Typed(f"CASE WHEN {no_nulls} THEN {chosen} END", kind)

    return handle


HANDLERS: dict[str, Handler] = {
    **declare(_TABLE),
    "abs": _abs,
    "sign": _sign,
    "ceil": _to_whole("ceil"),
    "ceiling": _to_whole("ceil"),
    "floor": _to_whole("floor"),
    "round": _round,
    "truncate": _truncate,
    "mod": _mod,
    "rand": _random,
    "random": _random,
    "bitwise_left_shift": _shift("trino_shift_left"),
    "bitwise_right_shift": _shift("trino_shift_right"),
    "bitwise_right_shift_arithmetic": _shift("trino_shift_right_arithmetic"),
    "greatest": _extreme("greatest"),
    "least": _extreme("least"),
}
