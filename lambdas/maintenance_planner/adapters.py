"""The Iceberg metadata of the tables, as the maintenance planner reads it."""

from typing import TYPE_CHECKING

from cartlake.aws.clients import kept_with
from cartlake.tables.catalog import load_catalog
from cartlake.tables.file_stats_reader import read_file_stats
from lambdas.maintenance_planner.settings import settings

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog
    from types_boto3_glue import GlueClient

    from cartlake.contracts import Table
    from cartlake.tables.file_stats import FileStats


class Metadata:
    """Reads the Iceberg metadata of the tables of this environment."""

    def __init__(self, catalog: "Catalog", database_prefix: str) -> None:
        self._catalog = catalog
        self._prefix = database_prefix

    def file_stats(self, table: "Table") -> "FileStats | None":
        """Return the table's file statistics, None for one that was not created yet. Raises UnreadableTableError."""
        return read_file_stats(self._catalog, (f"{self._prefix}{table.database}", table.bare_name), table.maintenance)


@kept_with("glue")
def metadata(_glue: "GlueClient") -> Metadata:
    """The metadata of this environment's tables."""
    return Metadata(load_catalog(), settings().database_prefix)
