"""The types of columns: plain ones, structs and lists of them, as contracts write them and as a tree.

string, decimal(12,2)                                  plain types, by Spark's names
struct<city:string,lines:array<string>>                an object of JSON: fields in order
array<struct<sku:string,price:decimal(12,2)>>          a list of JSON
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

PLAIN: Final = ("string", "int", "bigint", "float", "double", "boolean", "date", "timestamp", "decimal(p,s)")
"""The plain types that a table can store."""

_PLAIN_TYPE: Final = re.compile(r"string|int|bigint|float|double|boolean|date|timestamp|decimal\(\d{1,2},\d{1,2}\)")
_NAME: Final = re.compile(r"[a-z_][a-z0-9_]*")
_MOST_LEVELS: Final = 8


class TypeFormatError(ValueError):
    """A text is not a type; the message says where and what would be one."""


@dataclass(frozen=True, slots=True)
class Plain:
    """A type without parts."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Struct:
    """Named fields, in order. `keys` are fields by other names that files give them; they make no other type."""

    fields: tuple[tuple[str, Type], ...]
    keys: tuple[tuple[str, str], ...] = field(default=(), compare=False)

    def called(self, key: str) -> str:
        """Return the field that a file calls `key`; a key of no field as it is."""
        return dict(self.keys).get(key, key)

    def __str__(self) -> str:
        return f"struct<{','.join(f'{name}:{kind}' for name, kind in self.fields)}>"


@dataclass(frozen=True, slots=True)
class List:
    """Elements of one type."""

    element: Type

    def __str__(self) -> str:
        return f"array<{self.element}>"


Type: TypeAlias = Plain | Struct | List


@lru_cache(maxsize=4096)
def parse_type(text: str) -> Type:
    """Return the type that a text names; spaces in it do not count. Raises TypeFormatError when it names none."""
    squeezed = re.sub(r"\s+", "", text)
    kind, rest = _parsed(squeezed, 1)
    if rest:
        raise TypeFormatError(f"{rest!r} follows the type {kind}; remove it")
    return kind


def is_nested(text: str) -> bool:
    """Return whether a type has parts."""
    return text.startswith(("array<", "struct<"))


@dataclass(frozen=True, slots=True)
class TypeChange:
    """A part of a type that differs in another, by its path; None where a type has no such part."""

    path: str
    old: Type | None
    new: Type | None


def type_changes(old: Type, new: Type, path: str) -> Iterator[TypeChange]:
    """Yield what differs between two types, as the fields and elements that do; `path` is that of the types."""
    match old, new:
        case List(before), List(after):
            yield from type_changes(before, after, f"{path}[]")
        case Struct(fields), Struct(others):
            before_of, after_of = dict(fields), dict(others)
            for name in [*before_of, *(name for name in after_of if name not in before_of)]:
                if name in before_of and name in after_of:
                    yield from type_changes(before_of[name], after_of[name], f"{path}.{name}")
                else:
                    yield TypeChange(f"{path}.{name}", before_of.get(name), after_of.get(name))
        case _ if old != new:
            yield TypeChange(path, old, new)


def _parsed(text: str, level: int) -> tuple[Type, str]:
    """Return the type that a text begins with, and what follows it."""
    if level > _MOST_LEVELS:
        raise TypeFormatError(f"more than {_MOST_LEVELS} levels; keep the deeper ones as a text of JSON")
    if text.startswith("array<"):
        element, rest = _parsed(text.removeprefix("array<"), level + 1)
        return List(element), _closed(rest)
    if text.startswith("struct<"):
        return _struct(text.removeprefix("struct<"), level)
    if plain := _PLAIN_TYPE.match(text):
        return Plain(plain[0]), text[plain.end() :]
    known = f"{', '.join(PLAIN)}, array<type>, struct<name:type,…>"
    raise TypeFormatError(f"not a type Cartlake stores; these are: {known}")


def _struct(text: str, level: int) -> tuple[Type, str]:
    fields: dict[str, Type] = {}
    rest = text
    while True:
        name, colon, rest = rest.partition(":")
        if not colon or not _NAME.fullmatch(name):
            raise TypeFormatError(f"{name!r} is not a field; write `name:type`, the name in small letters")
        if name in fields:
            raise TypeFormatError(f"the field {name} is there twice; rename one")
        fields[name], rest = _parsed(rest, level + 1)
        if not rest.startswith(","):
            return Struct(tuple(fields.items())), _closed(rest)
        rest = rest[1:]


def _closed(rest: str) -> str:
    if not rest.startswith(">"):
        raise TypeFormatError(f"`>` is missing before {rest!r}" if rest else "`>` is missing at the end")
    return rest[1:]
