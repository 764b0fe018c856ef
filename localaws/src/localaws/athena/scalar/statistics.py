"""Distribution functions and confidence intervals."""

from __future__ import annotations

import math
import statistics

from localaws.athena.scalar.signature import ScalarError, function, nullable

_TINY = 1e-300
_STEPS = 500
_EXACT = 1e-16


def _continued_fraction(a: float, b: float, x: float) -> float:
    """Return the continued fraction of the incomplete beta function, by Lentz's method."""
    c, d = 1.0, 1.0 / (1.0 - (a + b) * x / (a + 1.0) or _TINY)
    total = d
    for m in range(1, _STEPS):
        for step in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1.0 / (1.0 + step * d or _TINY)
            c = 1.0 + step / c or _TINY
            total *= d * c
        if abs(d * c - 1.0) < _EXACT:
            break
    return total


def _regularized_beta(a: float, b: float, x: float) -> float:
    if x in {0.0, 1.0}:
        return x
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    if x < (a + 1) / (a + b + 2):
        return math.exp(log_front) * _continued_fraction(a, b, x) / a
    return 1.0 - math.exp(log_front) * _continued_fraction(b, a, 1.0 - x) / b


def _beta_cdf(a: float, b: float, value: float) -> float:
    if not 0 <= value <= 1:
        raise ScalarError("beta_cdf Function: value must be in the interval [0, 1]")
    _positive("beta_cdf Function: a, b must be > 0", a, b)
    return _regularized_beta(a, b, value)


def _positive(message: str, *values: float) -> None:
    if not all(value > 0 for value in values):
        raise ScalarError(message)


def _inverse_beta_cdf(a: float, b: float, p: float) -> float:
    if not 0 <= p <= 1:
        raise ScalarError("inverse_beta_cdf Function: p must be in the interval [0, 1]")
    _positive("inverse_beta_cdf Function: a, b must be > 0", a, b)
    low, high = 0.0, 1.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if _regularized_beta(a, b, middle) < p else (low, middle)
    return (low + high) / 2


def _normal_cdf(mean: float, deviation: float, value: float) -> float:
    _positive("standardDeviation must be > 0", deviation)
    return 0.5 * math.erfc(-(value - mean) / (deviation * math.sqrt(2)))


def _inverse_normal_cdf(mean: float, deviation: float, p: float) -> float:
    if not 0 < p < 1:
        raise ScalarError("p must be 0 > p > 1")
    _positive("sd must be > 0", deviation)
    return mean + deviation * statistics.NormalDist().inv_cdf(p)


def _t_cdf(value: float, freedom: float) -> float:
    _positive("df must be greater than 0", freedom)
    tail = 0.5 * _regularized_beta(freedom / 2, 0.5, freedom / (freedom + value * value))
    return 1 - tail if value > 0 else tail


def _t_pdf(value: float, freedom: float) -> float:
    _positive("df must be greater than 0", freedom)
    log = math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2) - 0.5 * math.log(freedom * math.pi)
    return math.exp(log - (freedom + 1) / 2 * math.log1p(value * value / freedom))


def _wilson(successes: int, trials: int, z: float, sign: int) -> float:
    if successes < 0:
        raise ScalarError("number of successes must not be negative")
    if trials <= 0:
        raise ScalarError("number of trials must be positive")
    if successes > trials:
        raise ScalarError("number of successes must not be larger than number of trials")
    if z < 0:
        raise ScalarError("z-score must not be negative")
    p = successes / trials
    middle = p + z * z / (2 * trials)
    spread = z * math.sqrt(p * (1 - p) / trials + z * z / (4 * trials * trials))
    return (middle + sign * spread) / (1 + z * z / trials)


def _cosine(left: dict[str, float], right: dict[str, float]) -> float | None:
    one, two = (math.sqrt(sum(v * v for v in side.values())) for side in (left, right))
    if not one or not two:
        return None
    return sum(value * right.get(key, 0.0) for key, value in left.items()) / (one * two)


def _vectors(name: str, left: list[float | None], right: list[float | None]) -> list[tuple[float, float]] | None:
    if len(left) != len(right):
        raise ScalarError(f"The arguments of {name} must have the same length")
    if None in left or None in right:
        return None
    return [(a, b) for a, b in zip(left, right, strict=True) if a is not None and b is not None]


def _cosine_of_arrays(left: list[float | None], right: list[float | None]) -> float | None:
    pairs = _vectors("cosine_similarity", left, right)
    if pairs is None:
        return None
    lengths = math.sqrt(sum(a * a for a, _ in pairs)) * math.sqrt(sum(b * b for _, b in pairs))
    if not lengths:
        raise ScalarError("Vector magnitude cannot be zero")
    return sum(a * b for a, b in pairs) / lengths


FUNCTIONS = {
    "trino_beta_cdf": function(_beta_cdf, "DOUBLE, DOUBLE, DOUBLE", "DOUBLE"),
    "trino_inverse_beta_cdf": function(_inverse_beta_cdf, "DOUBLE, DOUBLE, DOUBLE", "DOUBLE"),
    "trino_normal_cdf": function(_normal_cdf, "DOUBLE, DOUBLE, DOUBLE", "DOUBLE"),
    "trino_inverse_normal_cdf": function(_inverse_normal_cdf, "DOUBLE, DOUBLE, DOUBLE", "DOUBLE"),
    "trino_t_cdf": function(_t_cdf, "DOUBLE, DOUBLE", "DOUBLE"),
    "trino_t_pdf": function(_t_pdf, "DOUBLE, DOUBLE", "DOUBLE"),
    "trino_wilson_lower": function(lambda s, n, z: _wilson(s, n, z, -1), "BIGINT, BIGINT, DOUBLE", "DOUBLE"),
    "trino_wilson_upper": function(lambda s, n, z: _wilson(s, n, z, 1), "BIGINT, BIGINT, DOUBLE", "DOUBLE"),
    "trino_cosine": nullable(_cosine, "MAP(VARCHAR, DOUBLE), MAP(VARCHAR, DOUBLE)", "DOUBLE"),
    "trino_cosine_of_arrays": nullable(_cosine_of_arrays, "DOUBLE[], DOUBLE[]", "DOUBLE"),
}
