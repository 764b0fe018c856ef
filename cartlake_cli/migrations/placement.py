"""The databases and locations of the tables of an environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cartlake.contracts.model import Table


@dataclass(frozen=True, slots=True)
class Placement:
    """The databases and locations of the tables of an environment.

    `databases` maps the database a contract names to the Glue database of the environment; `warehouses` maps it to the
    URI below which its tables are made. What is not mapped keeps its name, and the location of its Glue database.
    """

    databases: Mapping[str, str]
    warehouses: Mapping[str, str]

    def identifier(self, table: Table) -> tuple[str, str]:
        """Return the Glue database and the name of a table."""
        return self.databases.get(table.database, table.database), table.bare_name

    def location(self, table: Table) -> str | None:
        """Return the URI of a new table, None for the location of its Glue database."""
        warehouse = self.warehouses.get(table.database)
        return None if warehouse is None else f"{warehouse.rstrip('/')}/{table.bare_name}"
