"""Creates the Iceberg tables of the contracts, changes them as contracts change, and repairs drift.

A change that breaks readers (a column renamed or dropped) is made only when the contract's major version was raised;
a change that Iceberg cannot make (another key, another type) is refused before the first table is changed. Each table
is changed in one commit. Databases belong to Terraform and must exist.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from pyiceberg.exceptions import CommitFailedException, NoSuchTableError, TableAlreadyExistsError

from cartlake.contracts.schemas import iceberg_partition_spec, iceberg_schema
from cartlake.errors import TerminalError, TransientError
from cartlake.tables.broken_metadata import BrokenMetadataError
from cartlake_cli.migrations import glue_sync as glue_copy
from cartlake_cli.migrations.changes import TableChange, properties_of, table_changes
from cartlake_cli.migrations.commit import evolve
from cartlake_cli.migrations.placement import Placement
from cartlake_cli.migrations.target import COLUMNS_PROPERTY, sort_order_of, write_record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from pyiceberg.catalog.glue import GlueCatalog

    from cartlake.contracts.model import Contract, Table

__all__ = ["DestructiveChangeError", "Placement", "TableChange", "apply", "plan"]

_PARALLEL_READS: Final = 8
_TRIES: Final = 5
"""Tries of a commit. Another writer may commit at any time, and then ours fails although it is still valid."""


class DestructiveChangeError(TerminalError):
    """A contract requires a change that would break readers or lose data. Nothing was changed."""


_AS_NAMED = Placement({}, {})


def plan(catalog: GlueCatalog, contracts: Iterable[Contract], placement: Placement = _AS_NAMED) -> list[TableChange]:
    """Return what `apply` would do, in order, and also refused changes and drift that it does not change.

    Empty when every table matches its contract. Raises TerminalError when a database is missing.
    """
    tables = [table for contract in contracts for table in contract.tables]
    _require_databases(catalog, {placement.identifier(table)[0] for table in tables})
    return list(_changes_of(catalog, tables, placement))


def apply(
    catalog: GlueCatalog,
    contracts: Iterable[Contract],
    placement: Placement = _AS_NAMED,
    allow: Callable[[Sequence[TableChange]], None] = lambda _: None,
) -> list[TableChange]:
    """Change every table to match its contract, each in one commit; returns the changes made.

    `allow` gets the changes before the first is made, and raises to prevent all of them. Repeat the call after a crash:
    a change that was made is not made again. Raises DestructiveChangeError, before anything is changed, when a change
    is refused; TransientError when other writers commit during every try; TerminalError when a database is missing or a
    table still differs afterwards.
    """
    contracts = list(contracts)
    changes = plan(catalog, contracts, placement)
    if refused := [change for change in changes if change.action == "refuse"]:
        raise DestructiveChangeError("nothing was changed:\n" + "\n".join(str(change) for change in refused))
    changes = [change for change in changes if not change.is_drift]
    allow(changes)
    changed = {change.table for change in changes}
    tables = [table for contract in contracts for table in contract.tables]
    changing = [table for table in tables if ".".join(placement.identifier(table)) in changed]
    for table in changing:
        _make(catalog, table, placement)
    # Checked once more: a commit that succeeds without the change must not pass as done.
    if left := [change for change in _changes_of(catalog, changing, placement) if not change.is_drift]:
        raise TerminalError("applied, but still needed:\n" + "\n".join(str(change) for change in left))
    return changes


def _require_databases(catalog: GlueCatalog, databases: Iterable[str]) -> None:
    if missing := sorted(name for name in databases if not catalog.namespace_exists(name)):
        raise TerminalError(f"no Glue database {', '.join(missing)}; databases come from Terraform: apply it first")


def _changes_of(catalog: GlueCatalog, tables: Sequence[Table], placement: Placement) -> Iterator[TableChange]:
    """Yield the changes of all tables, in order. Most of the time goes by waiting for Glue and S3."""
    with ThreadPoolExecutor(_PARALLEL_READS) as pool:
        for changes in pool.map(lambda table: _changes(catalog, table, placement), tables):
            yield from changes


def _changes(catalog: GlueCatalog, table: Table, placement: Placement) -> list[TableChange]:
    identifier = placement.identifier(table)
    name = ".".join(identifier)
    try:
        existing = catalog.load_table(identifier)
    except NoSuchTableError:
        return [TableChange(name, "create")]
    except BrokenMetadataError as error:
        return [TableChange(name, "refuse", advice=str(error))]
    changes = table_changes(name, existing, table)
    wrong = glue_copy.differences(glue_copy.glue_entry(catalog, *identifier), existing)
    advice = "the catalog was changed by hand or by a crawler; it is written again from the table's metadata"
    return [*changes, *([TableChange(name, "sync_catalog", before="; ".join(wrong), advice=advice)] if wrong else [])]


def _make(catalog: GlueCatalog, table: Table, placement: Placement) -> None:
    """Change one table. Its state is read before each try, so that a change made by an earlier try is not repeated."""
    for left in reversed(range(_TRIES)):
        changes = [change for change in _changes(catalog, table, placement) if not change.is_drift]
        actions: set[str] = {change.action for change in changes}
        if not changes:
            return
        if refused := [change for change in changes if change.action == "refuse"]:
            raise DestructiveChangeError(f"{refused[0]}; the table was changed after the plan was made; plan again")
        try:
            _step(catalog, table, placement, actions)
        except (CommitFailedException, TableAlreadyExistsError, TransientError) as error:
            if not left:
                raise TransientError(
                    f"{table.physical_name} was changed by another writer during every try; apply again"
                ) from error
            continue
        if actions != {"sync_catalog"}:  # the commit wrote the catalog's copy as well
            return


def _step(catalog: GlueCatalog, table: Table, placement: Placement, actions: set[str]) -> None:
    identifier = placement.identifier(table)
    if "create" in actions:
        _create(catalog, table, placement)
    elif actions == {"sync_catalog"}:
        entry = glue_copy.glue_entry(catalog, *identifier)
        glue_copy.sync(catalog, identifier[0], entry, catalog.load_table(identifier))
    else:
        evolve(catalog.load_table(identifier), table)


def _create(catalog: GlueCatalog, table: Table, placement: Placement) -> None:
    schema = iceberg_schema(table)
    record = write_record({field.field_id: field.name for field in schema.fields})
    catalog.create_table(
        placement.identifier(table),
        schema=schema,
        location=placement.location(table),
        partition_spec=iceberg_partition_spec(table, schema),
        sort_order=sort_order_of(table, schema),
        properties=properties_of(table) | {COLUMNS_PROPERTY: record},
    )
