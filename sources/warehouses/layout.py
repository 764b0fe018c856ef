"""Which column of a table each column of a contract is read from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sources.errors import SchemaChangedError
from sources.warehouses.model import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cartlake.contracts import Column, Table

KEYS: Final = (Kind.TEXT, Kind.INTEGER, Kind.DATE)
"""What a key may be: kinds whose values come back as they are."""
TIMES: Final = (Kind.TIMESTAMP, Kind.INSTANT)


@dataclass(frozen=True, slots=True)
class Found:
    """A column of the contract, the name it has in the table, and its kind there."""

    column: Column
    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns that are read, in order; `modified` and `keys` are among them. The key is without `modified`."""

    columns: tuple[Found, ...]
    modified: Found
    keys: tuple[Found, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names in the table."""
        return tuple(found.name for found in self.columns)

    @property
    def key_names(self) -> tuple[str, ...]:
        """Return the names of the key's columns in the table."""
        return tuple(found.name for found in self.keys)

    def key_of(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the key of a row as the texts that a statement casts back."""
        return tuple(str(row[found.column.name]) for found in self.keys)


def layout_of(contract: Table, table: str, there: Mapping[str, Kind]) -> Layout:
    """Return where the columns of a contract are in a table, whose columns are given with their kinds.

    Names and aliases are found whatever their case. Raises SchemaChangedError where one is gone or there twice, or
    where the modification time or the key is of a kind that rows cannot be put in order by.
    """
    found = tuple(_found(contract, table, column, there) for column in contract.file_columns)
    by_name = {one.column.name: one for one in found}
    modified = by_name[version_column(contract)]
    keys = tuple(one for one in found if one.column.primary_key and one is not modified)
    _check_kind(contract, table, modified, TIMES)
    for key in keys:
        _check_kind(contract, table, key, KEYS)
    return Layout(found, modified, keys)


def version_column(contract: Table) -> str:
    """Return the column with the modification time. Raises SchemaChangedError where the contract has none."""
    if contract.version_column not in {column.name for column in contract.file_columns}:
        raise SchemaChangedError(
            f"The contract {contract.name} does not say which column holds the modification time. Name it as "
            f"cartlake.versionColumn in contracts/{contract.name}.odcs.yaml."
        )
    return str(contract.version_column)


def _found(contract: Table, table: str, column: Column, there: Mapping[str, Kind]) -> Found:
    wanted = {name.casefold() for name in (column.name, *column.aliases)}
    names = [name for name in there if name.casefold() in wanted]
    if len(names) == 1:
        return Found(column, names[0], there[names[0]])
    if names:
        raise SchemaChangedError(
            f"{table} has {' and '.join(names)}, which are all names of the column {column.name}. Nothing was read. "
            f"Take the others out of its cartlake.aliases in contracts/{contract.name}.odcs.yaml."
        )
    raise SchemaChangedError(
        f"{table} has no column {' or '.join((column.name, *column.aliases))}; it has {', '.join(there)}. Nothing was "
        f"read. Name its column among the cartlake.aliases of {column.name} in contracts/{contract.name}.odcs.yaml, or "
        f"take the column out there."
    )


def _check_kind(contract: Table, table: str, found: Found, kinds: tuple[Kind, ...]) -> None:
    if found.kind not in kinds:
        raise SchemaChangedError(
            f"{found.name} of {table} is neither {' nor '.join(kinds)}, so the rows of {contract.name} cannot be read "
            f"in its order. Nothing was read. Cast it in a view, and name the view as the table of the source."
        )
