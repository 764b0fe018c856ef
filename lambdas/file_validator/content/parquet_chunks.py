"""Read of a Parquet footer what its column chunks are: where, how large, how they are encoded and compressed.

Arrow's reader ends the whole process at some footers that are damaged, so that each number is checked here before it
sees them. https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PHYSICAL: Final = ("BOOLEAN", "INT32", "INT64", "INT96", "FLOAT", "DOUBLE", "BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY")
CODECS: Final = ("UNCOMPRESSED", "SNAPPY", "GZIP", "LZO", "BROTLI", "LZ4", "ZSTD", "LZ4_RAW")
ENCODINGS: Final = {
    0: "PLAIN",
    2: "PLAIN_DICTIONARY",
    3: "RLE",
    4: "BIT_PACKED",
    5: "DELTA_BINARY_PACKED",
    6: "DELTA_LENGTH_BYTE_ARRAY",
    7: "DELTA_BYTE_ARRAY",
    8: "RLE_DICTIONARY",
    9: "BYTE_STREAM_SPLIT",
}
_META_DATA, _CRYPTO, _FILE_CRYPTO, _MARK_BYTES = 3, 8, 8, 4
_DEPTH: Final = 32
"""Most structures within each other; a footer has about ten."""

Fields = dict[int, Any]
_CHUNK: Final = {3: {1: None, 2: None, 4: None, 5: None, 7: None, 9: None, 11: None}, 8: None}
_FILE: Final = {3: None, 4: {1: _CHUNK, 2: None, 3: None}, 8: None}
"""The fields that are read, by their numbers in the format: of the file, its row groups, their chunks."""


class DamagedFooterError(Exception):
    """The bytes are not what a footer of Parquet is; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Chunks:
    """What a footer says of all column chunks. `encodings` has pairs of a physical type and an encoding of it.

    `rows` are those of all row groups, `expanded_size` is the bytes of all pages once decompressed.
    """

    rows: int
    expanded_size: int
    codecs: frozenset[str]
    encodings: frozenset[tuple[str, str]]
    encrypted: bool = False


def chunks_of(footer: bytes, data_end: int) -> Chunks:
    """Return what a footer says; `data_end` is where it begins in the file: all data lie before that.

    Raises DamagedFooterError.
    """
    try:
        found = _Thrift(footer).struct(_FILE)
        groups = found.get(4, [])
        chunks = [chunk for group in groups for chunk in group.get(1, [])]
        described = [chunk[_META_DATA] for chunk in chunks if _META_DATA in chunk]
        if _FILE_CRYPTO in found or any(_CRYPTO in chunk for chunk in chunks) or len(described) < len(chunks):
            return Chunks(found[3], 0, frozenset(), frozenset(), encrypted=True)
        for chunk in described:
            _check_place(chunk, data_end)
        rows = [int(group[3]) for group in groups]
        if min(rows, default=0) < 0 or sum(rows) != found[3]:
            raise DamagedFooterError(f"it says {found[3]} rows, but its row groups have {sum(rows)}")
        return Chunks(
            rows=sum(rows),
            expanded_size=sum(int(group[2]) for group in groups),
            codecs=frozenset(_codec(chunk[4]) for chunk in described),
            encodings=frozenset(pair for chunk in described for pair in _encodings(chunk)),
        )
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise DamagedFooterError("it is incomplete") from error


def _check_place(chunk: Mapping[int, Any], data_end: int) -> None:
    start = min(place for place in (chunk[9], chunk.get(11)) if place)
    if not _MARK_BYTES <= start <= start + chunk[7] <= data_end or chunk[5] < 0:
        raise DamagedFooterError(
            f"a column chunk would lie at bytes {start:,} to {start + chunk[7]:,} of {data_end:,} bytes of data"
        )


def _codec(number: int) -> str:
    return CODECS[number] if 0 <= number < len(CODECS) else f"codec {number}"


def _encodings(chunk: Mapping[int, Any]) -> Iterable[tuple[str, str]]:
    kind = PHYSICAL[chunk[1]] if 0 <= chunk[1] < len(PHYSICAL) else f"type {chunk[1]}"
    return ((kind, ENCODINGS.get(number, f"encoding {number}")) for number in chunk[2])


class _Thrift:
    """Reads Thrift's compact protocol. Raises DamagedFooterError or IndexError for what is none."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def struct(self, wanted: Mapping[int, Any] | None, depth: int = 0) -> Fields:
        """Return the wanted fields by number; the others are passed over."""
        if depth > _DEPTH:
            raise DamagedFooterError("its structures are too deep")
        found: Fields = {}
        number = 0
        while head := self._byte():
            delta, kind = head >> 4, head & 0x0F
            number = number + delta if delta else self._number()
            is_wanted = wanted is not None and number in wanted
            value = self._value(kind, wanted[number] if is_wanted and wanted else None, depth)
            if is_wanted:
                found[number] = value
        return found

    def _value(self, kind: int, wanted: Mapping[int, Any] | None, depth: int) -> Any:
        if kind in (1, 2):
            return kind == 1
        if kind in (4, 5, 6):
            return self._number()
        if kind in (9, 10):
            return self._list(wanted, depth)
        if kind == 12:  # noqa: PLR2004 - numbers of Thrift's types
            return self.struct(wanted, depth + 1)
        self._pass(kind, depth)
        return None

    def _pass(self, kind: int, depth: int) -> None:
        if kind == 8:  # noqa: PLR2004 - bytes with their length
            self._skip(self._unsigned())
        elif kind in (3, 7):
            self._skip(1 if kind == 3 else 8)  # noqa: PLR2004
        elif kind == 11:  # noqa: PLR2004 - a map
            size = self._unsigned()
            kinds = self._byte() if size else 0
            for _ in range(size):
                self._value(kinds >> 4, None, depth + 1)
                self._value(kinds & 0x0F, None, depth + 1)
        else:
            raise DamagedFooterError(f"it has a value of type {kind}, which does not exist")

    def _list(self, wanted: Mapping[int, Any] | None, depth: int) -> list[Any]:
        head = self._byte()
        size, kind = head >> 4, head & 0x0F
        if size == 15:  # noqa: PLR2004 - longer lists have their length behind it
            size = self._unsigned()
        if size > len(self._data) - self._at:
            raise DamagedFooterError("it has a list that is longer than itself")
        if kind in (1, 2):
            return [self._byte() == 1 for _ in range(size)]
        return [self._value(kind, wanted, depth + 1) for _ in range(size)]

    def _byte(self) -> int:
        value = self._data[self._at]
        self._at += 1
        return value

    def _skip(self, size: int) -> None:
        if size > len(self._data) - self._at:
            raise DamagedFooterError("it has a value that is longer than itself")
        self._at += size

    def _unsigned(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:  # noqa: PLR2004 - the last byte of a number
                return value
            shift += 7
            if shift > 63:  # noqa: PLR2004
                raise DamagedFooterError("it has a number of more than 64 bits")

    def _number(self) -> int:
        value = self._unsigned()
        return (value >> 1) ^ -(value & 1)
