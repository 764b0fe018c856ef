"""Which columns of tables name a person, by the contracts.

A column names a person when its contract tags it `person_id`, when its relationship leads to such a column, or when it
has the name of such a column of a table that its own is built from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cartlake.contracts.model import Contract, Table

PERSON_ID: Final = "person_id"
"""The tag of a column whose values name one person each."""


def person_columns(contracts: Iterable[Contract]) -> Mapping[str, tuple[str, ...]]:
    """Return the columns that name a person, by the physical name of their table; tables without any are left out."""
    tables = [table for contract in contracts for table in contract.tables]
    names = {table.physical_name: table.name for table in tables}
    found = {(table.name, name) for table in tables for name in _tagged(table)}
    # A relationship may lead to a column that is known by its own relationship alone, so until nothing is added.
    while more := {pair for one in tables for pair in (*_related(one, found), *_built(one, names, found))} - found:
        found |= more
    named = {
        table.physical_name: tuple(one.name for one in table.columns if (table.name, one.name) in found)
        for table in tables
    }
    return {table: columns for table, columns in named.items() if columns}


def _tagged(table: Table) -> list[str]:
    return [column.name for column in table.columns if PERSON_ID in column.tags]


def _related(table: Table, found: set[tuple[str, str]]) -> set[tuple[str, str]]:
    return {(table.name, one.column) for one in table.references if (one.parent, one.parent_column) in found}


def _built(table: Table, names: Mapping[str, str], found: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return the columns that a table has from those it is built from, such as a masked table from the whole one."""
    upstreams = [names.get(one.table, "") for one in table.build.upstreams] if table.build else []
    columns = [column.name for column in table.columns]
    return {(table.name, column) for column in columns for one in upstreams if (one, column) in found}
