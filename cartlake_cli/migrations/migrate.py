"""Creates the Iceberg tables that the contracts describe, evolves them as contracts change, and mends drift.

What only some readers could bear (a column renamed or dropped) is made when the contract's major version was raised;
what Iceberg cannot do (another key, another type) is refused before the first table is touched. Each table is changed
in one commit. Databases belong to Terraform and must exist.
"""

from __future__ import annotations

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
    from collections.abc import Callable, Iterable, Sequence

    from pyiceberg.catalog.glue import GlueCatalog

    from cartlake.contracts.model import Contract, Table

__all__ = ["DestructiveChangeError", "Placement", "TableChange", "apply", "plan"]

_TRIES: Final = 5
"""Writers commit all the time, and a commit of theirs between ours being made and taken is no reason to give up."""


class DestructiveChangeError(TerminalError):
    """A contract asks for what would break readers or lose data. Nothing was changed."""


_AS_NAMED = Placement({}, {})


def plan(catalog: GlueCatalog, contracts: Iterable[Contract], placement: Placement = _AS_NAMED) -> list[TableChange]:
    """What `apply` would do, in order, refusals and drift it leaves alone included.

    Empty when every table is as its contract says. Raises TerminalError when a database is missing.
    """
    tables = [table for contract in contracts for table in contract.tables]
    _require_databases(catalog, {placement.identifier(table)[0] for table in tables})
    return [change for table in tables for change in _changes(catalog, table, placement)]


def apply(
    catalog: GlueCatalog,
    contracts: Iterable[Contract],
    placement: Placement = _AS_NAMED,
    allow: Callable[[Sequence[TableChange]], None] = lambda _: None,
) -> list[TableChange]:
    """Make every table what its contract says and return the changes made, each table in one commit.

    `allow` sees the changes before the first is made, and raises to prevent them. Repeat it after a crash: what was
    made is not made again. Raises DestructiveChangeError, before anything is
    changed, when a change is refused; TransientError when somebody else commits at the same time; TerminalError when
    a database is missing or a change did not take.
    """
    contracts = list(contracts)
    changes = plan(catalog, contracts, placement)
    if refused := [change for change in changes if change.action == "refuse"]:
        raise DestructiveChangeError("nothing was changed:\n" + "\n".join(str(change) for change in refused))
    changes = [change for change in changes if not change.is_drift]
    allow(changes)
    changed = {change.table for change in changes}
    for table in (table for contract in contracts for table in contract.tables):
        if ".".join(placement.identifier(table)) in changed:
            _make(catalog, table, placement)
    if left := [change for change in plan(catalog, contracts, placement) if not change.is_drift]:
        raise TerminalError("applied, but not in effect:\n" + "\n".join(str(change) for change in left))
    return changes


def _require_databases(catalog: GlueCatalog, databases: Iterable[str]) -> None:
    if missing := sorted(name for name in databases if not catalog.namespace_exists(name)):
        raise TerminalError(f"no Glue database {', '.join(missing)}; databases come from Terraform: apply it first")


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
    advice = "the catalog was changed by hand or by a crawler; it is written anew from the table's metadata"
    return [*changes, *([TableChange(name, "sync_catalog", before="; ".join(wrong), advice=advice)] if wrong else [])]


def _make(catalog: GlueCatalog, table: Table, placement: Placement) -> None:
    """Look at the table again before each try: what another commit, or an earlier try, made is not made twice."""
    for left in reversed(range(_TRIES)):
        changes = [change for change in _changes(catalog, table, placement) if not change.is_drift]
        actions: set[str] = {change.action for change in changes}
        if not changes:
            return
        if refused := [change for change in changes if change.action == "refuse"]:
            raise DestructiveChangeError(f"{refused[0]}; it was not so when the plan was made, so look at it again")
        try:
            _step(catalog, table, placement, actions)
        except (CommitFailedException, TableAlreadyExistsError, TransientError) as error:
            if not left:
                raise TransientError(f"{table.physical_name} was changed by another writer; apply again") from error
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
