"""Lines of LazySimpleSerDe: the delimiters of a text table, and the text of each value that is written to it.

Floats are written as Java writes their special values; a delimiter within a text is escaped only if the table has an
escape character, as in Hive.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from localaws.athena.errors import UnsupportedSqlError
from localaws.athena.trino_types import literal, plain_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localaws.athena.trino_types import TrinoType

_DEEPER = ("\x04", "\x05", "\x06", "\x07", "\x08")


@dataclass(frozen=True)
class TextLayout:
    """The settings of LazySimpleSerDe: the delimiter of each level of nesting, and the text of NULL."""

    delimiters: tuple[str, ...] = ("\x01", "\x02", "\x03", *_DEEPER)
    null: str = "\\N"
    escape: str = ""

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> TextLayout:
        """Return the layout that the parameters of a SerDe describe."""
        first = parameters.get("field.delim") or parameters.get("serialization.format") or "\x01"
        collection = parameters.get("collection.delim") or parameters.get("colelction.delim") or "\x02"
        key = parameters.get("mapkey.delim") or "\x03"
        fields = tuple(_delimiter(text) for text in (first, collection, key))
        return cls(
            (*fields, *_DEEPER), parameters.get("serialization.null.format", "\\N"), parameters.get("escape.delim", "")
        )

    def delimiter(self, level: int) -> str:
        """Return the delimiter at a level of nesting, 0 for fields. Raises UnsupportedSqlError where Hive has none."""
        if level >= len(self.delimiters):
            raise UnsupportedSqlError("Types nested that deep in a text table")
        return self.delimiters[level]

    def text_of(self, sql: str, kind: TrinoType, level: int = 1) -> str:
        """Return SQL of the text of a value, NULL for NULL. Raises UnsupportedSqlError for a type without a text."""
        match kind.name:
            case "array":
                item = f"text_{level}"
                items = f"list_transform({sql}, LAMBDA {item} : {self._known(item, kind.element, level + 1)})"
                return f"array_to_string({items}, {literal(self.delimiter(level))})"
            case "map":
                return self._map(sql, kind, level)
            case "row":
                fields = zip(kind.storage_fields, kind.args, strict=True)
                parts = (self._known(f"struct_extract({sql}, {literal(n)})", part, level + 1) for n, part in fields)
                joined = f" || {literal(self.delimiter(level))} || ".join(parts)
                return f"CASE WHEN {sql} IS NOT NULL THEN {joined} END"
        return self._escaped(_scalar(sql, kind))

    def _map(self, sql: str, kind: TrinoType, level: int) -> str:
        item = f"text_{level}"
        key, value = (
            self._known(f"{item}.{part}", of, level + 2) for part, of in zip(("key", "value"), kind.args, strict=True)
        )
        pair = f"{key} || {literal(self.delimiter(level + 1))} || {value}"
        entries = f"list_transform(map_entries({sql}), LAMBDA {item} : {pair})"
        return f"array_to_string({entries}, {literal(self.delimiter(level))})"

    def _known(self, sql: str, kind: TrinoType, level: int) -> str:
        return f"coalesce({self.text_of(sql, kind, level)}, {literal(self.null)})"

    def _escaped(self, sql: str) -> str:
        if not self.escape:
            return sql
        for letter in (self.escape, *self.delimiters):
            sql = f"replace({sql}, {literal(letter)}, {literal(self.escape + letter)})"
        return sql


def _delimiter(text: str) -> str:
    """Return a delimiter, which may be the number of a character: `9` is a tab, as in Hive."""
    return chr(int(text)) if (text.isdigit() and len(text) > 1) or text in {"1", "2", "3", "9"} else text


def _scalar(sql: str, kind: TrinoType) -> str:
    match kind.name:
        case "double" | "real":
            infinite = f"WHEN isinf({sql}) THEN CASE WHEN {sql} > 0 THEN 'Infinity' ELSE '-Infinity' END"
            return f"CASE WHEN isnan({sql}) THEN 'NaN' {infinite} ELSE CAST({sql} AS VARCHAR) END"
        case "varbinary":
            return f"to_base64({sql})"
        case "timestamp":
            return f"strftime({sql}, '%Y-%m-%d %H:%M:%S.%g')"
    return plain_text(sql, kind)
