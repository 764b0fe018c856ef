"""Creates the Iceberg tables that the contracts describe, and evolves them as contracts grow.

Only changes that no reader can notice badly are made: new optional columns, wider types, descriptions, properties.
Anything else is refused before the first table is touched. Databases belong to Terraform and must exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyiceberg.exceptions import CommitFailedException, NoSuchTableError, TableAlreadyExistsError

from cartlake.contracts.schemas import iceberg_partition_spec, iceberg_schema
from cartlake.errors import TerminalError, TransientError
from cartlake.table_changes import TableChange, table_changes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pyiceberg.catalog import Catalog
    from pyiceberg.table import Table as IcebergTable

    from cartlake.contracts.model import Contract, Table

__all__ = ["DestructiveChangeError", "Placement", "TableChange", "apply", "plan"]


class DestructiveChangeError(TerminalError):
    """A contract asks for what would break readers or lose data. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the tables of an environment live.

    `databases` maps the database a contract names to the Glue database of the environment; `warehouses` maps it to the
    URI below which its tables are made. What is not mapped keeps its name, and the location of its Glue database.
    """

    databases: Mapping[str, str]
    warehouses: Mapping[str, str]

    def identifier(self, table: Table) -> tuple[str, str]:
        return self.databases.get(table.database, table.database), _bare_name(table)

    def location(self, table: Table) -> str | None:
        warehouse = self.warehouses.get(table.database)
        return None if warehouse is None else f"{warehouse.rstrip('/')}/{_bare_name(table)}"


_AS_NAMED = Placement({}, {})


def plan(catalog: Catalog, contracts: Iterable[Contract], placement: Placement = _AS_NAMED) -> list[TableChange]:
    """What `apply` would do, in order, refusals included; empty when every table is as its contract says.

    Raises TerminalError when a database is missing.
    """
    tables = [table for contract in contracts for table in contract.tables]
    _require_databases(catalog, {placement.identifier(table)[0] for table in tables})
    return [change for table in tables for change in _changes(catalog, table, placement)]


def apply(catalog: Catalog, contracts: Iterable[Contract], placement: Placement = _AS_NAMED) -> list[TableChange]:
    """Make every table what its contract says and return the changes made, each table in one commit.

    Raises DestructiveChangeError, before anything is changed, when a change would break readers; TransientError when
    somebody else commits at the same time; TerminalError when a database is missing or a change did not take.
    """
    contracts = list(contracts)
    changes = plan(catalog, contracts, placement)
    if refused := [change for change in changes if change.action == "refuse"]:
        raise DestructiveChangeError("nothing was changed:\n" + "\n".join(str(change) for change in refused))
    for table in (table for contract in contracts for table in contract.tables):
        own = [change for change in changes if change.table == ".".join(placement.identifier(table))]
        try:
            _make(catalog, table, placement, own)
        except (CommitFailedException, TableAlreadyExistsError) as error:
            raise TransientError(f"{table.physical_name} was changed by somebody else; apply again") from error
    if left := plan(catalog, contracts, placement):
        raise TerminalError("applied, but not in effect:\n" + "\n".join(str(change) for change in left))
    return changes


def _require_databases(catalog: Catalog, databases: Iterable[str]) -> None:
    if missing := sorted(name for name in databases if not catalog.namespace_exists(name)):
        raise TerminalError(f"no Glue database {', '.join(missing)}; databases come from Terraform: apply it first")


def _changes(catalog: Catalog, table: Table, placement: Placement) -> Iterator[TableChange]:
    identifier = placement.identifier(table)
    try:
        existing = catalog.load_table(identifier)
    except NoSuchTableError:
        yield TableChange(".".join(identifier), "create")
        return
    yield from table_changes(".".join(identifier), existing, table)


def _make(catalog: Catalog, table: Table, placement: Placement, changes: Sequence[TableChange]) -> None:
    if not changes:
        return
    if changes[0].action == "create":
        schema = iceberg_schema(table)
        catalog.create_table(
            placement.identifier(table),
            schema=schema,
            location=placement.location(table),
            partition_spec=iceberg_partition_spec(table, schema),
            properties=table.table_properties,
        )
        return
    _evolve(catalog.load_table(placement.identifier(table)), table, changes)


def _evolve(existing: IcebergTable, table: Table, changes: Sequence[TableChange]) -> None:
    fields = {field.name: field for field in iceberg_schema(table).fields}
    names = list(fields)
    properties = {change.target: change.after or "" for change in changes if change.action == "set_property"}
    with existing.transaction() as transaction:
        with transaction.update_schema() as update:
            for change in changes:
                if change.action == "add_column":
                    field, position = fields[change.target], names.index(change.target)
                    update.add_column(change.target, field.field_type, field.doc)
                    if position:
                        update.move_after(change.target, names[position - 1])
                    else:
                        update.move_first(change.target)
                elif change.action in ("promote_type", "update_doc"):
                    field = fields[change.target]
                    update.update_column(change.target, field_type=field.field_type, doc=field.doc or "")
        if properties:
            transaction.set_properties(properties)


def _bare_name(table: Table) -> str:
    return table.physical_name.partition(".")[2]
