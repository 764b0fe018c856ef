"""The last step of aggregates that need all values of a group: percentiles by weight, histograms, checksums."""

from __future__ import annotations

import struct

from localaws.athena.scalar.binary import xxhash64
from localaws.athena.scalar.signature import ScalarError, function, nullable

_PRIME = 0x9E3779B185EBCA87
_BUFFERED = 100  # entries that Trino keeps besides the buckets until it joins them


def _weighted_place(weights: list[float], share: float) -> int | None:
    """Return the place, from 1, of the value at a share of the sum of the weights of sorted values."""
    if not 0 <= share <= 1:
        raise ScalarError("Percentile must be between 0 and 1")
    if any(weight <= 0 for weight in weights):
        raise ScalarError("weight must be > 0")
    passed, limit = 0.0, share * sum(weights)
    for place, weight in enumerate(weights, 1):
        passed += weight
        if passed > limit:
            return place
    return len(weights) or None


def _penalty(left: list[float], right: list[float]) -> float:
    weight = left[1] + right[1]
    return weight * (left[0] - right[0]) ** 2 * (left[1] * right[1]) / (weight * weight)


def _histogram(buckets: int, values: list[float], weights: list[float]) -> dict[float, float] | None:
    """Return at most `buckets` means with their weights: the two nearest are joined until so many are left."""
    if buckets < 2:  # noqa: PLR2004 -- Trino's limit
        raise ScalarError("numeric_histogram bucket count must be greater than one")
    if not values:
        return None
    joined: dict[float, float] = {}
    for value, weight in zip(values, weights, strict=True):
        joined[value] = joined.get(value, 0.0) + weight
    if len(values) > buckets + _BUFFERED and len(joined) > buckets:
        raise ScalarError(
            f"numeric_histogram of more than {buckets + _BUFFERED} values, whose order decides the answer, is not "
            "supported by the local Athena engine",
            "NOT_SUPPORTED",
        )
    entries = [[value, weight] for value, weight in sorted(joined.items())]
    while len(entries) > buckets:
        at = min(range(len(entries) - 1), key=lambda i: _penalty(entries[i], entries[i + 1]))
        (v1, w1), (v2, w2) = entries[at : at + 2]
        entries[at : at + 2] = [[(v1 * w1 + v2 * w2) / (w1 + w2), w1 + w2]]
    return dict(map(tuple, entries))  # type: ignore[arg-type]


def _checksum(hashes: list[bytes | None]) -> bytes | None:
    """Return the sum of the hashes, which does not depend on their order; a NULL counts as one of them."""
    total = sum(_PRIME if data is None else int.from_bytes(data, "big") * _PRIME for data in hashes)
    return (total % 2**64).to_bytes(8, "little") if hashes else None


FUNCTIONS = {
    "trino_weighted_place": nullable(_weighted_place, "DOUBLE[], DOUBLE", "BIGINT"),
    "trino_numeric_histogram": nullable(_histogram, "BIGINT, DOUBLE[], DOUBLE[]", "MAP(DOUBLE, DOUBLE)"),
    "trino_checksum": nullable(_checksum, "BLOB[]", "BLOB"),
    "trino_hash_long": function(lambda value: xxhash64(struct.pack("<q", value)), "BIGINT", "BLOB"),
    "trino_hash_double": function(lambda value: xxhash64(struct.pack("<d", value + 0.0)), "DOUBLE", "BLOB"),
}
