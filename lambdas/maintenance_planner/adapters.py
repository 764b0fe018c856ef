from functools import cache
from typing import TYPE_CHECKING

from cartlake.aws.clients import client
from cartlake.ledger import Ledger
from cartlake.tables.catalog import load_catalog
from cartlake.tables.file_stats_reader import stored_facts
from lambdas.maintenance_planner.settings import settings
from lambdas.shared.objects import Documents

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog

    from cartlake.contracts import Table
    from cartlake.tables.file_stats import Facts


class Metadata:
    """What Iceberg knows of the tables of this environment."""

    def __init__(self, catalog: "Catalog", database_prefix: str) -> None:
        self._catalog = catalog
        self._prefix = database_prefix

    def facts(self, table: "Table") -> "Facts | None":
        """None for a table that was not made yet. Raises UnreadableTableError."""
        return stored_facts(self._catalog, (f"{self._prefix}{table.database}", table.bare_name), table.maintenance)


@cache
def metadata() -> Metadata:
    return Metadata(load_catalog(), settings().database_prefix)


@cache
def ledger() -> Ledger:
    return Ledger(settings().ledger_table, client("dynamodb"))


@cache
def documents() -> Documents:
    return Documents(client("s3"))
