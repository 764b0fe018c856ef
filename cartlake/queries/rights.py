"""Which tables, columns and named queries each role reads. The Terraform module `access_roles` has the same rules."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from cartlake.contracts import Contract, Table

PEOPLE: Final = ("data_engineer", "analyst", "auditor")
_READS: Final = re.compile(r"\b(?:from|join)\s+([a-z_0-9]+\.[a-z_0-9]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Right:
    """What a role reads of a table: its columns, none when it may not read it; `instead` is a table that it may."""

    role: str
    table: str
    columns: tuple[str, ...]
    instead: str | None = None


def may_read(role: str, table: Table) -> bool:
    """Return whether a role reads a table.

    Data engineers read all; the others no table with a protected column, auditors those of ops and analysts the rest.
    """
    if role == "data_engineer":
        return True
    return not table.protected_columns and (table.database == "ops") == (role == "auditor")


def rights_of(contracts: Iterable[Contract], roles: Iterable[str] = PEOPLE) -> list[Right]:
    """Return what each role reads of each table, by role, in the order of the contracts."""
    tables = [table for contract in contracts for table in contract.tables]
    masked = {name: table for table in tables for name in _masked_from(table)}
    return [_right(role, table, masked.get(table.physical_name)) for role in roles for table in tables]


def tables_read(sql: str, views: Mapping[str, str]) -> set[str]:
    """Return the tables that a query reads by their names, through views too. `views` has the SQL of each."""
    found = set(_READS.findall(sql.lower()))
    below = [tables_read(views[name], {other: text for other, text in views.items() if other != name})
             for name in found & set(views)]  # fmt: skip
    return (found - set(views)).union(*below)


def can_run(role: str, sql: str, views: Mapping[str, str], tables: Collection[Table]) -> bool:
    """Return whether a role reads every table of a query. What is no contract's table is for data engineers."""
    readable = {table.physical_name for table in tables if may_read(role, table)}
    return role == "data_engineer" or tables_read(sql, views) <= readable


def _right(role: str, table: Table, masked: Table | None) -> Right:
    if may_read(role, table):
        return Right(role, table.physical_name, tuple(column.name for column in table.columns))
    instead = masked.physical_name if masked and may_read(role, masked) else None
    return Right(role, table.physical_name, (), instead)


def _masked_from(table: Table) -> list[str]:
    return [upstream.table for upstream in table.build.upstreams] if table.build and table.build.masks else []
