"""Nested columns of a contract: their types from `properties` and `items`, and what those say of each part.

properties:
  - name: items
    logicalType: array
    physicalType: array<struct<sku:string,price:decimal(12,2)>>   # or `array`: the type then follows from `items`
    items:
      logicalType: object
      physicalType: struct<sku:string,price:decimal(12,2)>        # or `struct`
      properties:
        - {name: sku, logicalType: string, physicalType: string, required: true}
        - name: price
          logicalType: number
          physicalType: decimal(12,2)
          logicalTypeOptions: {minimum: 0}
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cartlake.contracts.types import List, Plain, Struct, TypeFormatError, parse_type

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cartlake.contracts.errors import Faults
    from cartlake.contracts.odcs import Property
    from cartlake.contracts.types import Type

LOGICAL_TYPES: Final = {
    "string": "string",
    "int": "integer",
    "bigint": "integer",
    "double": "number",
    "float": "number",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
    "decimal": "number",
    "array": "array",
    "struct": "object",
}
"""The `logicalType` of each physical type, without its parameters and parts."""

_BY_PARTS: Final = {"array": "array", "list": "array", "object": "object", "struct": "object"}
"""Physical types that say nothing of the parts, with the `logicalType` they go with."""

_UNKNOWN: Final = Plain("string")
"""Stands for a type with a fault."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a nested column by its path, as `items[].price`, with its type and what the contract says of it."""

    path: str
    type: str
    required: bool
    description: str


def type_of(column: Property, where: str, faults: Faults) -> Type:
    """Return the type of a column or of a part of one. A type that is none, or contradicts its parts, is a fault."""
    by_parts = _by_parts(column, where, faults)
    if column.physical_type in _BY_PARTS and by_parts is not None:
        kind = by_parts
    else:
        kind = _written(column, where, faults)
        if by_parts is not None and kind not in (by_parts, _UNKNOWN):
            faults.add(f"{where}.physicalType", column.physical_type, f"its parts make it {by_parts}; write that")
        elif by_parts == kind:
            kind = by_parts  # which knows what files call the fields
    name = str(kind).partition("(")[0].partition("<")[0]
    if kind is not _UNKNOWN and column.logical_type != LOGICAL_TYPES[name]:
        faults.add(f"{where}.logicalType", column.logical_type, f"does not fit physicalType {column.physical_type}")
    return kind


def parts_of(column: Property, kind: Type) -> tuple[Part, ...]:
    """Return the parts of a nested column, outer before inner; none for a plain one."""
    return tuple(_parts(column, kind, column.name))


def check_parts(column: Property, where: str, faults: Faults) -> None:
    """Add a fault for what only a whole column can have or be: a key, a partition, a mask, a reference."""
    for part in _inner(column):
        place = f"{where}.{part.name}"
        said = {
            "primaryKey": part.primary_key,
            "partitioned": part.partitioned,
            "unique": part.unique,
            "relationships": bool(part.relationships),
            "customProperties": bool(part.custom_properties),
        }
        for key in (key for key, value in said.items() if value):
            faults.add(f"{place}.{key}", said[key], f"only a column has it; make {part.name} a column of its own")
        if "pii" in part.tags:
            advice = "a part of a nested column cannot be masked; make it a column of its own"
            faults.add(f"{place}.tags", "pii", advice)
        check_parts(part, place, faults)


def check_use(column: Property, where: str, faults: Faults) -> None:
    """Add a fault for a nested column that is used as only plain ones can be."""
    used = {
        "primaryKey": column.primary_key,
        "partitioned": column.partitioned,
        "relationships": bool(column.relationships),
    }
    for key in (key for key, value in used.items() if value):
        faults.add(f"{where}.{key}", used[key], f"not for a column of type {column.physical_type}; name a plain one")


def _inner(column: Property) -> tuple[Property, ...]:
    return (*column.properties, *((column.items,) if column.items else ()))


def _by_parts(column: Property, where: str, faults: Faults) -> Type | None:
    if column.properties:
        fields = tuple((part.name, type_of(part, f"{where}.{part.name}", faults)) for part in column.properties)
        names = [name for name, _ in fields]
        for name in sorted({name for name in names if names.count(name) > 1}):
            faults.add(where, name, "two fields have this name; rename one")
        keys = tuple((part.physical_name, part.name) for part in column.properties if part.physical_name)
        for key in sorted({key for key, name in keys if (key in names and key != name) or len(dict(keys)) < len(keys)}):
            faults.add(f"{where}.physicalName", key, "two fields have this name in files; rename one")
        return Struct(fields, keys)
    return List(type_of(column.items, f"{where}.items", faults)) if column.items else None


def _written(column: Property, where: str, faults: Faults) -> Type:
    if column.physical_type in _BY_PARTS:
        parts = "`properties`" if _BY_PARTS[column.physical_type] == "object" else "`items`"
        faults.add(f"{where}.physicalType", column.physical_type, f"name its parts in {parts}")
        return _UNKNOWN
    try:
        return parse_type(column.physical_type)
    except TypeFormatError as error:
        faults.add(f"{where}.physicalType", column.physical_type, str(error))
        return _UNKNOWN


def _parts(column: Property | None, kind: Type, path: str) -> Iterator[Part]:
    match kind:
        case Struct(fields):
            said = {part.name: part for part in column.properties} if column else {}
            for name, inner in fields:
                yield from _part(said.get(name), inner, f"{path}.{name}")
        case List(element):
            yield from _part(column.items if column else None, element, f"{path}[]")


def _part(said: Property | None, kind: Type, path: str) -> Iterator[Part]:
    yield Part(path, str(kind), said is not None and said.required, said.description if said else "")
    yield from _parts(said, kind, path)
