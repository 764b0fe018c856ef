"""Names in DDL: of a table, a database and table, or the catalog as well; quoted in any way."""

from __future__ import annotations

import re

from localaws.athena.errors import AthenaError, MalformedQueryError

CATALOG = "awsdatacatalog"
# A column's name: quoted, it may hold any other character. It is one group.
COLUMN = r"[`\"]?((?<=[`\"])[^`\"]+|\w+)[`\"]?"


def split_name(name: str, database: str) -> tuple[str, str]:
    """Return database and table of a name in lower case; without a database it is one of `database`.

    Raises AthenaError for another data catalog than Glue's, MalformedQueryError for more than three parts.
    """
    parts = re.sub(r"[`\"]", "", name).lower().split(".")
    if len(parts) > 3:  # noqa: PLR2004 -- catalog, database, table
        raise MalformedQueryError(f"line 1:1: Too many parts in name '{name}'. Expecting: catalog.database.table")
    if len(parts) == 3 and parts[0] != CATALOG:  # noqa: PLR2004 -- with a catalog
        raise AthenaError("CATALOG_NOT_FOUND", f"Catalog '{parts[0]}' does not exist: the only one is {CATALOG}")
    return (parts[-2] if len(parts) > 1 else database), parts[-1]
