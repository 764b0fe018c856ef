"""Columns before any file format: numbers and codes that know how to become text, CSV, JSON and Arrow values.

Text is built by Arrow and numpy kernels over whole columns, because a Python loop over rows is a hundred times slower.
A string that repeats is kept once, in a pool, and so is quoted or escaped once.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import ClassVar, Final, Protocol, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from generators.randomness import Bools, Ints

MONEY: Final = pa.decimal128(12, 2)
TIMESTAMP: Final = pa.timestamp("us", tz="UTC")
SECONDS_PER_DAY: Final = 86_400
NEEDS_QUOTES: Final = '[",\r\n]'

Characters = npt.NDArray[np.uint8]


class Column(Protocol):
    """Values of one column, one per row.

    quoted: whether JSON writes the values in quotes. plain: whether no value needs quoting or escaping.
    """

    @property
    def quoted(self) -> bool: ...
    @property
    def plain(self) -> bool: ...
    def __len__(self) -> int: ...
    def take(self, rows: Ints) -> Self:
        """The values at these zero-based positions."""
        ...

    def typed(self) -> pa.Array:
        """Values of the natural Arrow type."""
        ...

    def text(self) -> pa.Array:
        """The values as a person would write them; null where there is none."""
        ...

    def cells(self) -> pa.Array:
        """The values as CSV has them: quoted where they must be, empty where there is none."""
        ...


# The columns of a table by name, in file order; all of one length.
Batch = dict[str, Column]


def rows_of(batch: Batch) -> int:
    return len(next(iter(batch.values())))


@dataclass(frozen=True)
class Pool:
    """Strings that columns choose from."""

    values: pa.Array

    @classmethod
    def of(cls, values: Sequence[str | None]) -> "Pool":
        return cls(pa.array(values, pa.string()))

    @cached_property
    def plain(self) -> bool:
        return is_plain(self.values)

    @cached_property
    def cells(self) -> pa.Array:
        """What CSV writes, and at the end an empty cell for a missing value."""
        return pa.concat_arrays([as_cells(self.values, plain=self.plain), pa.array([""])])


@dataclass(frozen=True)
class Choice:
    """Strings out of a pool, by zero-based position; -1 is a missing value."""

    pool: Pool
    codes: Ints
    quoted: ClassVar[bool] = True

    @property
    def plain(self) -> bool:
        return self.pool.plain

    def __len__(self) -> int:
        return len(self.codes)

    def take(self, rows: Ints) -> "Choice":
        return Choice(self.pool, self.codes[rows])

    def typed(self) -> pa.Array:
        missing = self.codes < 0
        return self.pool.values.take(pa.array(self.codes, mask=missing if missing.any() else None))

    def text(self) -> pa.Array:
        return self.typed()

    def cells(self) -> pa.Array:
        return chosen_cells(self.pool.cells, self.codes)


@dataclass(frozen=True)
class Identifier:
    """A prefix and the lowest digits of a number, zero-padded to a width; `known` is None when none is missing."""

    prefix: str
    numbers: Ints | npt.NDArray[np.uint64]
    width: int
    base: int = 16
    known: Bools | None = None
    quoted: ClassVar[bool] = True
    plain: ClassVar[bool] = True

    def __len__(self) -> int:
        return len(self.numbers)

    def take(self, rows: Ints) -> "Identifier":
        known = None if self.known is None else self.known[rows]
        return Identifier(self.prefix, self.numbers[rows], self.width, self.base, known)

    def typed(self) -> pa.Array:
        return self._strings(null=True)

    def text(self) -> pa.Array:
        return self._strings(null=True)

    def cells(self) -> pa.Array:
        return self._strings(null=False)

    def _strings(self, *, null: bool) -> pa.Array:
        digits = hexadecimal if self.base == 16 else decimal_digits  # noqa: PLR2004
        prefix = self.prefix.encode()
        if self.known is None:
            return fixed_width(prefix, digits(self.numbers, self.width))
        return sparse(fixed_width(prefix, digits(self.numbers[self.known], self.width)), self.known, null=null)


@dataclass(frozen=True)
class Amount:
    """A decimal as whole units of its last digit: cents for `decimal(12,2)`. Not negative."""

    units: Ints
    type: pa.Decimal128Type = MONEY
    digits: int | None = None
    """How many digits after the point text shows, when not all of the type's."""

    quoted: ClassVar[bool] = False
    plain: ClassVar[bool] = True

    def __len__(self) -> int:
        return len(self.units)

    def take(self, rows: Ints) -> "Amount":
        return Amount(self.units[rows], self.type, self.digits)

    def typed(self) -> pa.Array:
        missing_digits = 0 if self.digits is None else self.type.scale - self.digits
        return decimals(self.units * 10**missing_digits, self.type)

    def text(self) -> pa.Array:
        digits = self.type.scale if self.digits is None else self.digits
        whole, rest = np.divmod(self.units, 10**digits)
        return pc.binary_join_element_wise(
            pc.cast(pa.array(whole), pa.string()), fixed_width(decimal_digits(rest, digits)), "."
        )

    def cells(self) -> pa.Array:
        return self.text()


@dataclass(frozen=True)
class Whole:
    """32-bit integers, none missing."""

    numbers: Ints
    quoted: ClassVar[bool] = False
    plain: ClassVar[bool] = True

    def __len__(self) -> int:
        return len(self.numbers)

    def take(self, rows: Ints) -> "Whole":
        return Whole(self.numbers[rows])

    def typed(self) -> pa.Array:
        return pa.array(self.numbers, pa.int32())

    def text(self) -> pa.Array:
        return pc.cast(self.typed(), pa.string())

    def cells(self) -> pa.Array:
        return self.text()


@dataclass(frozen=True)
class Instant:
    """Unix seconds as `2026-01-31T23:59:59Z`, none missing."""

    seconds: Ints
    quoted: ClassVar[bool] = True
    plain: ClassVar[bool] = True

    def __len__(self) -> int:
        return len(self.seconds)

    def take(self, rows: Ints) -> "Instant":
        return Instant(self.seconds[rows])

    def typed(self) -> pa.Array:
        return pa.array(self.seconds * 1_000_000, TIMESTAMP)

    def text(self) -> pa.Array:
        return iso_times(self.seconds)

    def cells(self) -> pa.Array:
        return self.text()


@dataclass(frozen=True)
class Day:
    """Days since 1970 as `2026-01-31`; `known` is None when none is missing."""

    days: Ints
    known: Bools | None = None
    quoted: ClassVar[bool] = True
    plain: ClassVar[bool] = True

    def __len__(self) -> int:
        return len(self.days)

    def take(self, rows: Ints) -> "Day":
        return Day(self.days[rows], None if self.known is None else self.known[rows])

    def typed(self) -> pa.Array:
        return pa.array(self.days.astype(np.int32), pa.date32(), mask=None if self.known is None else ~self.known)

    def text(self) -> pa.Array:
        return pc.cast(self.typed(), pa.string())

    def cells(self) -> pa.Array:
        return pc.fill_null(self.text(), "")


@dataclass(frozen=True)
class Flag:
    """True and false, none missing."""

    values: Bools
    quoted: ClassVar[bool] = False
    plain: ClassVar[bool] = True

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: Ints) -> "Flag":
        return Flag(self.values[rows])

    def typed(self) -> pa.Array:
        return pa.array(self.values)

    def text(self) -> pa.Array:
        return pc.cast(self.typed(), pa.string())

    def cells(self) -> pa.Array:
        return self.text()


@dataclass(frozen=True)
class Text:
    """Strings of which few repeat; null is a missing value."""

    values: pa.Array
    quoted: ClassVar[bool] = True

    @cached_property
    def plain(self) -> bool:
        return is_plain(self.values)

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: Ints) -> "Text":
        return Text(self.values.take(pa.array(rows)))

    def typed(self) -> pa.Array:
        return self.values

    def text(self) -> pa.Array:
        return self.values

    def cells(self) -> pa.Array:
        return as_cells(self.values, plain=self.plain)


def constant(value: str, rows: int) -> Choice:
    return Choice(Pool.of([value]), np.zeros(rows, dtype=np.int64))


def is_plain(values: pa.Array) -> bool:
    return not pc.any(pc.match_substring_regex(values, '["\\\\,\r\n\t]')).as_py()


def as_cells(values: pa.Array, *, plain: bool) -> pa.Array:
    if not plain:
        quoted = pc.binary_join_element_wise('"', pc.replace_substring(values, '"', '""'), '"', "")
        values = pc.if_else(pc.match_substring_regex(values, NEEDS_QUOTES), quoted, values)
    return pc.fill_null(values, "")


def chosen_cells(cells: pa.Array, codes: Ints) -> pa.Array:
    """`cells` ends with the one for a missing value, whose code is -1."""
    if len(codes) and codes.min() < 0:
        codes = np.where(codes < 0, len(cells) - 1, codes)
    return cells.take(pa.array(codes))


def fused_cells(choices: Sequence[Choice]) -> pa.Array:
    """Cells of neighbouring columns with the same codes, as one string: the pools are joined, not the rows."""
    cells = [choice.pool.cells for choice in choices]
    return chosen_cells(pc.binary_join_element_wise(*cells, ","), choices[0].codes)


def escaped(column: Column) -> pa.Array:
    """Text as JSON has it between its quotes."""
    text = column.text()
    if column.plain:
        return text
    for character in ("\\", '"', "\n", "\r", "\t"):
        text = pc.replace_substring(text, character, json.dumps(character)[1:-1])
    return text


def decimals(units: Ints, kind: pa.Decimal128Type) -> pa.Array:
    """The low and the high 64 bits of each value, laid out by hand."""
    halves = np.stack([units, np.where(units < 0, -1, 0)], axis=1).astype(np.int64)
    return pa.Decimal128Array.from_buffers(kind, len(units), [None, pa.py_buffer(halves)])


@lru_cache(maxsize=1)
def four_decimal_digits() -> npt.NDArray[np.uint32]:
    """`0000` to `9999`, four characters in each 32 bits."""
    return packed(np.arange(10_000)[:, None] // np.array([1000, 100, 10, 1]) % 10)


@lru_cache(maxsize=1)
def four_hex_digits() -> npt.NDArray[np.uint32]:
    return packed(np.arange(1 << 16)[:, None] >> np.array([12, 8, 4, 0]) & 0xF)


def packed(digits: Ints) -> npt.NDArray[np.uint32]:
    return np.frombuffer(b"0123456789ABCDEF", np.uint8)[digits].view(np.uint32).ravel()


def decimal_digits(numbers: Ints | npt.NDArray[np.uint64], width: int) -> Characters:
    """[n, width] characters, zero-padded; digits beyond the width are cut off."""
    groups = -(-width // 4)
    quads = np.empty((len(numbers), groups), dtype=np.uint32)
    rest = numbers
    for group in reversed(range(groups)):
        quads[:, group] = four_decimal_digits()[rest % 10_000]
        rest = rest // 10_000
    return quads.view(np.uint8)[:, 4 * groups - width :]


def hexadecimal(numbers: Ints | npt.NDArray[np.uint64], width: int) -> Characters:
    """[n, width] characters of the lowest bits."""
    groups = -(-width // 4)
    low_first = np.ascontiguousarray(numbers).view(np.uint16).reshape(-1, 4)
    quads = four_hex_digits()[low_first[:, groups - 1 :: -1]]
    return np.ascontiguousarray(quads).view(np.uint8)[:, 4 * groups - width :]


@lru_cache(maxsize=1)
def clock_times() -> npt.NDArray[np.uint64]:
    """`00:00:00` to `23:59:59`, eight characters in each 64 bits."""
    seconds = np.arange(SECONDS_PER_DAY)
    parts = [decimal_digits(part, 2) for part in (seconds // 3600, seconds // 60 % 60, seconds % 60)]
    colon = np.full((SECONDS_PER_DAY, 1), ord(":"), dtype=np.uint8)
    characters = np.concatenate([parts[0], colon, parts[1], colon, parts[2]], axis=1)
    return np.ascontiguousarray(characters).view(np.uint64).ravel()


def iso_times(seconds: Ints) -> pa.Array:
    """Unix seconds as `2026-01-31T23:59:59Z`. Rows have few days, so only the days are formatted by a library."""
    if len(seconds) == 0:
        return pa.array([], pa.string())
    days, of_day = np.divmod(seconds, SECONDS_PER_DAY)
    first, last = int(days.min()), int(days.max())
    dates = np.datetime_as_string(np.arange(first, last + 1).astype("datetime64[D]")).astype("S10")
    rows = np.empty(len(seconds), dtype=[("date", "S10"), ("t", "S1"), ("clock", np.uint64), ("z", "S1")])
    rows["date"], rows["t"], rows["z"] = dates[days - first], b"T", b"Z"
    rows["clock"] = clock_times()[of_day]
    return of_width(rows.view(np.uint8), len(seconds), 20)


def fixed_width(*parts: bytes | Characters) -> pa.Array:
    """Strings of equal length from constant bytes and [n, width] characters, side by side."""
    rows = next(len(part) for part in parts if not isinstance(part, bytes))
    width = sum(len(part) if isinstance(part, bytes) else part.shape[1] for part in parts)
    characters = np.empty((rows, width), dtype=np.uint8)
    column = 0
    for part in parts:
        block = np.frombuffer(part, np.uint8) if isinstance(part, bytes) else part
        characters[:, column : column + block.shape[-1]] = block
        column += block.shape[-1]
    return of_width(characters, rows, width)


def of_width(characters: Characters, rows: int, width: int) -> pa.Array:
    offsets = np.arange(rows + 1, dtype=np.int32) * np.int32(width)
    return pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(characters))


def sparse(values: pa.Array, known: Bools, *, null: bool) -> pa.Array:
    """Strings of equal length spread over the known rows; the others are null, or empty."""
    width = len(values[0].as_py()) if len(values) else 0
    offsets = np.zeros(len(known) + 1, dtype=np.int32)
    np.cumsum(known, out=offsets[1:])
    offsets *= width
    bitmap = pa.py_buffer(np.packbits(known, bitorder="little")) if null else None
    nulls = int(len(known) - known.sum()) if null else 0
    return pa.StringArray.from_buffers(len(known), pa.py_buffer(offsets), values.buffers()[2], bitmap, nulls)
