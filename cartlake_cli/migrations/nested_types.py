"""Types of nested columns: what a table has and what its contract wants brought together, with the ids of fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyiceberg.exceptions import ResolveError
from pyiceberg.schema import promote
from pyiceberg.types import ListType, NestedField, StructType

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyiceberg.types import IcebergType


@dataclass(frozen=True, slots=True)
class PartChange:
    """A field by its path, `items[].colour`, with its type in the table and by the contract; None where it is not."""

    path: str
    before: IcebergType | None
    after: IcebergType | None

    @property
    def fits(self) -> bool:
        """Return whether values of the one type can be read as the other, or the field is on one side only."""
        return self.before is None or self.after is None or promotes(self.before, self.after)


def merged(old: IcebergType, wanted: IcebergType) -> IcebergType:
    """Return the wanted type; fields and elements that the old one has as well keep their ids."""
    if isinstance(old, ListType) and isinstance(wanted, ListType):
        return ListType(old.element_id, merged(old.element_type, wanted.element_type), element_required=False)
    if isinstance(old, StructType) and isinstance(wanted, StructType):
        known = {field.name: field for field in old.fields}
        return StructType(*(_field(known.get(field.name), field) for field in wanted.fields))
    return wanted


def part_changes(old: IcebergType, wanted: IcebergType, path: str) -> Iterator[PartChange]:
    """Yield what differs between two types of a column or a part of one, parts before the whole."""
    if isinstance(old, ListType) and isinstance(wanted, ListType):
        yield from part_changes(old.element_type, wanted.element_type, f"{path}[]")
    elif isinstance(old, StructType) and isinstance(wanted, StructType):
        before, after = ({field.name: field.field_type for field in one.fields} for one in (old, wanted))
        for name in [*before, *(name for name in after if name not in before)]:
            if name in before and name in after:
                yield from part_changes(before[name], after[name], f"{path}.{name}")
            else:
                yield PartChange(f"{path}.{name}", before.get(name), after.get(name))
    elif type_text(old) != type_text(wanted):
        yield PartChange(path, old, wanted)


def promotes(old: IcebergType, new: IcebergType) -> bool:
    """Return whether a type is another, or can be widened to it, part by part."""
    changes = list(part_changes(old, new, ""))
    if isinstance(old, ListType | StructType) and isinstance(new, type(old)):
        return all(change.fits for change in changes)
    return not changes or _widens(old, new)


def type_text(kind: IcebergType) -> str:
    """Return a type as contracts write it, without the ids of fields; plain types as Iceberg writes them."""
    if isinstance(kind, ListType):
        return f"array<{type_text(kind.element_type)}>" if _has_struct(kind) else str(kind)
    if isinstance(kind, StructType):
        return f"struct<{','.join(f'{field.name}:{type_text(field.field_type)}' for field in kind.fields)}>"
    return str(kind)


def _has_struct(kind: IcebergType) -> bool:
    return isinstance(kind, StructType) or (isinstance(kind, ListType) and _has_struct(kind.element_type))


def _field(old: NestedField | None, wanted: NestedField) -> NestedField:
    if old is None:
        return wanted
    return NestedField(old.field_id, wanted.name, merged(old.field_type, wanted.field_type), required=False)


def _widens(old: IcebergType, new: IcebergType) -> bool:
    try:
        promote(old, new)
    except ResolveError:
        return False
    return True
