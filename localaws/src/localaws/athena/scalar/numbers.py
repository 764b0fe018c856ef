"""Functions of numbers: bits, buckets, rounding as Java does it, and the text of doubles."""

from __future__ import annotations

import bisect
import itertools
import math
from decimal import ROUND_HALF_UP, Decimal

from localaws.athena.scalar.signature import ScalarError, function

_FULL = 64


def _bit_count(value: int, bits: int) -> int:
    if not 2 <= bits <= _FULL:  # noqa: PLR2004 -- Trino's limits
        raise ScalarError(f"Bits specified in bit_count must be between 2 and 64, got {bits}")
    if not -(1 << (bits - 1)) <= value < 1 << (bits - 1):
        raise ScalarError(
            f"Number must be representable with the bits specified. {value} cannot be represented with {bits} bits"
        )
    return (value % (1 << bits)).bit_count()


def _signed(value: int, bits: int) -> int:
    value %= 1 << bits
    return value - (1 << bits) if value >= 1 << (bits - 1) else value


def _shift_left(value: int, amount: int, bits: int) -> int:
    return _signed(value << amount, bits) if 0 <= amount < bits else 0


def _shift_right(value: int, amount: int, bits: int) -> int:
    return _signed((value % (1 << bits)) >> amount, bits) if 0 <= amount < bits else 0


def _shift_right_arithmetic(value: int, amount: int, bits: int) -> int:
    return value >> amount if 0 <= amount < bits else (-1 if value < 0 else 0)


def _bucket(value: float, bins: list[float | None]) -> int:
    if not bins:
        raise ScalarError("Bins cannot be an empty array")
    if math.isnan(value):
        raise ScalarError("Operand cannot be NaN")
    known = [bound for bound in bins if bound is not None]
    if len(known) != len(bins) or any(not math.isfinite(bound) for bound in known):
        raise ScalarError("Bin value must be finite")
    if known != sorted(known):
        raise ScalarError("Bin values are not sorted in ascending order")
    return bisect.bisect_right(known, value)


def _bucket_of_range(value: float, low: float, high: float, count: int) -> int:
    if count <= 0:
        raise ScalarError("bucketCount must be greater than 0")
    if math.isnan(value):
        raise ScalarError("operand must not be NaN")
    if not math.isfinite(low) or not math.isfinite(high):
        raise ScalarError("bounds must be finite")
    if low == high:
        raise ScalarError("bounds cannot equal each other")
    lower, upper = min(low, high), max(low, high)
    if value < lower:
        result = 0
    elif value >= upper:
        result = count + 1
    else:
        result = int(count * (value - lower) / (upper - lower) + 1)
    return result if low < high else count - result + 1


def _round(value: float, digits: int) -> float:
    """Return the double rounded half away from zero, by its decimal notation, as Java's BigDecimal does."""
    if not math.isfinite(value):
        return value
    return (
        float(Decimal(repr(value)).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP))
        if (
            digits < 300  # noqa: PLR2004 -- no double has digits beyond
        )
        else value
    )


def _truncate(value: float, digits: int) -> float:
    if not math.isfinite(value):
        return value
    shifted = Decimal(repr(value)).scaleb(digits)
    return float(Decimal(int(shifted)).scaleb(-digits))


def double_text(value: float) -> str:
    """Return a double as Trino's CAST to varchar writes it: 1.5E0."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0:
        return "-0E0" if math.copysign(1, value) < 0 else "0E0"
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    text = "".join(map(str, digits))
    power = len(text) - 1 + int(exponent)
    return f"{'-' if sign else ''}{text[0]}.{text[1:] or '0'}E{power}"


def _combinations(count: int, size: int) -> list[list[int]]:
    """Return the places, from 1, of all combinations, in the order of Trino: the last places change slowest."""
    if not 0 <= size <= 5:  # noqa: PLR2004 -- Trino's limits
        raise ScalarError(f"combination size must not exceed 5 and must not be negative: {size}")
    chosen = sorted(itertools.combinations(range(1, count + 1), size), key=lambda places: places[::-1])
    if len(chosen) > 100_000:  # noqa: PLR2004 -- Trino's limits
        raise ScalarError("combinations exceed max size")
    return [list(places) for places in chosen]


def _cube_root(value: float) -> float:
    root = math.cbrt(value)
    # The C library is off by one digit at the end for some cubes, which Java is not.
    return root - (root * root * root - value) / (3 * root * root) if root and math.isfinite(root) else root


FUNCTIONS = {
    "trino_combinations": function(_combinations, "BIGINT, INTEGER", "BIGINT[][]"),
    "trino_cbrt": function(_cube_root, "DOUBLE", "DOUBLE"),
    "trino_bit_count": function(_bit_count, "BIGINT, BIGINT", "BIGINT"),
    "trino_shift_left": function(_shift_left, "BIGINT, BIGINT, BIGINT", "BIGINT"),
    "trino_shift_right": function(_shift_right, "BIGINT, BIGINT, BIGINT", "BIGINT"),
    "trino_shift_right_arithmetic": function(_shift_right_arithmetic, "BIGINT, BIGINT, BIGINT", "BIGINT"),
    "trino_width_bucket_bins": function(_bucket, "DOUBLE, DOUBLE[]", "BIGINT"),
    "trino_width_bucket": function(_bucket_of_range, "DOUBLE, DOUBLE, DOUBLE, BIGINT", "BIGINT"),
    "trino_round": function(_round, "DOUBLE, BIGINT", "DOUBLE"),
    "trino_truncate": function(_truncate, "DOUBLE, BIGINT", "DOUBLE"),
}
