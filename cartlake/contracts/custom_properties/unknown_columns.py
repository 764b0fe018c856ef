"""Columns and keys of files that a contract does not have: the custom property `cartlake.unknownColumns`.

It is one of the contract, or of the table that files are loaded into:

- `refuse`, the default: a CSV or Parquet file with one is refused, and a line of JSON with one is malformed.
- `ignore`: they are not read.
- `keep`: the column `unknown_columns`, a text, holds those of a row as one object of JSON. The table has the column
  without being told; a contract may describe it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast, get_args

from cartlake.contracts.model import UNKNOWN_COLUMNS, UnknownColumns
from cartlake.contracts.odcs import Property

if TYPE_CHECKING:
    from cartlake.contracts.errors import Faults
    from cartlake.contracts.odcs import Document, SchemaObject

PROPERTY: Final = "cartlake.unknownColumns"
_COLUMN: Final = Property.model_validate(
    {
        "name": UNKNOWN_COLUMNS,
        "logicalType": "string",
        "physicalType": "string",
        "description": "Columns and keys of the file that the contract does not have, as one object of JSON.",
    }
)


def unknown_columns_of(document: Document, faults: Faults) -> UnknownColumns:
    """Return what becomes of unknown columns. Another word, or a column that cannot hold them, is a fault."""
    word, place = _word(document), f"customProperties.{PROPERTY}"
    if word not in get_args(UnknownColumns):
        faults.add(place, word, f"choose {', '.join(get_args(UnknownColumns))}")
        return "refuse"
    declared = [column for column in document.tables[0].properties if column.name == UNKNOWN_COLUMNS]
    if word == "keep" and any(column.physical_type != "string" or column.required for column in declared):
        where = f"schema.{document.tables[0].name}.{UNKNOWN_COLUMNS}"
        faults.add(where, declared[0].physical_type, "holds the unknown columns: make it a string that may be null")
    return cast("UnknownColumns", word)


def with_unknown_columns(table: SchemaObject, document: Document) -> SchemaObject:
    """Return the table that files are loaded into, with the column for unknown ones where they are kept."""
    names = [column.name for column in table.properties]
    if _word(document) != "keep" or UNKNOWN_COLUMNS in names:
        return table
    place = next((place for place, name in enumerate(names) if name.startswith("_")), len(names))
    columns = (*table.properties[:place], _COLUMN, *table.properties[place:])
    return table.model_copy(update={"properties": columns})


def _word(document: Document) -> object:
    listed = (*document.custom_properties, *document.tables[0].custom_properties)
    return next((one.value for one in listed if one.property == PROPERTY), "refuse")
