"""Arrow arrays from numpy codes and numbers: identifiers, amounts, times, and texts chosen from a list.

Columns are built by numpy and Arrow kernels, because a Python loop over rows is a hundred times slower.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from generators.randomness import Bools, Ints

Batch = Mapping[str, pa.Array | npt.NDArray[Any]]
"""Columns by name, all of one length: what `pa.table` takes together with the schema of the dataset."""

HEX_DIGITS: Final = 16  # of a 64-bit number
MOST_DIGITS: Final = 19  # of a 64-bit number in decimal


def rows_of(batch: Batch) -> int:
    """The number of rows."""
    return len(next(iter(batch.values())))


def texts(values: Sequence[str | None]) -> pa.Array:
    """An array of strings, to be chosen from."""
    return pa.array(values, pa.string())


def chosen(values: pa.Array, codes: Ints) -> pa.Array:
    """The values at these zero-based positions; null where the code is -1."""
    missing = codes < 0
    return values.take(pa.array(codes, mask=missing if missing.any() else None))


def constant(value: str | None, rows: int) -> pa.Array:
    """The same text in every row."""
    return pa.repeat(pa.scalar(value, pa.string()), rows)


def identifiers(prefix: str, numbers: Ints, width: int, known: Bools | None = None) -> pa.Array:
    """The prefix and the number in decimal, zero-padded to `width`; null where `known` is false."""
    return prefixed(prefix, pc.utf8_lpad(as_texts(numbers), width, "0"), known)


def hex_identifiers(
    prefix: str, numbers: Ints | npt.NDArray[np.uint64], width: int, known: Bools | None = None
) -> pa.Array:
    """The prefix and the last `width` hexadecimal digits of the number; null where `known` is false."""
    digits = np.frombuffer(numbers.astype(">u8").tobytes().hex().upper().encode(), np.uint8)
    last = np.ascontiguousarray(digits.reshape(-1, HEX_DIGITS)[:, HEX_DIGITS - width :])
    return prefixed(prefix, pa.array(last.view(f"S{width}").ravel()).cast(pa.string()), known)


def prefixed(prefix: str, values: pa.Array, known: Bools | None) -> pa.Array:
    """The values behind a prefix; null where `known` is false."""
    whole = pc.binary_join_element_wise(prefix, values, "")
    return whole if known is None else where(known, whole)


def as_texts(numbers: Ints) -> pa.Array:
    """The numbers in decimal."""
    return pc.cast(pa.array(numbers), pa.string())


def where(known: Bools, values: pa.Array) -> pa.Array:
    """The values; null where `known` is false."""
    return pc.if_else(pa.array(known), values, pa.scalar(None, values.type))


def amounts(units: Ints, digits: int = 2) -> pa.Array:
    """Decimals from whole units of their last digit: cents, with two digits after the point."""
    return pc.multiply(pa.array(units).cast(pa.decimal128(MOST_DIGITS, 0)), pa.scalar(Decimal(10) ** -digits))


def instants(seconds: Ints) -> pa.Array:
    """Times in UTC from Unix seconds."""
    return pa.array(seconds, pa.timestamp("s", tz="UTC"))


def dates(days: Ints, known: Bools | None = None) -> pa.Array:
    """Dates from days since 1970; null where `known` is false."""
    return pa.array(days.astype(np.int32), pa.date32(), mask=None if known is None else ~known)


def table_of(batch: Batch, schema: pa.Schema) -> pa.Table:
    """The rows with the columns, the order and the types of the schema. Raises KeyError for a column that is missing.

    Values without room in their type raise `pyarrow.ArrowInvalid`: nothing is rounded or cut off.
    """
    missing = [name for name in schema.names if name not in batch]
    if missing or len(batch) != len(schema):
        extra = sorted(batch.keys() - set(schema.names))
        raise KeyError(f"The contract has columns that are not generated: {missing}, and lacks these: {extra}.")
    return pa.table({name: pa.array(batch[name]) for name in schema.names}).cast(schema)
