"""What each column is made of: of tables filled from files by their contracts, of built tables by a compiled document.

`columns.json` beside this file is made of the SQL of the transforms when the artifacts are built; a checkout has none.
"""

from functools import cache
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

from cartlake.contracts import Contract
from cartlake.lineage.model import Kind, SourceColumn, TableSources

BUILT: Final = Path(__file__).with_name("columns.json")
"""`CompiledSources` as JSON."""


class CompiledTable(BaseModel):
    """The sources of one built table: (table, column, kind), by column, and of the rows as a whole."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: dict[str, list[tuple[str, str, Kind]]]
    rows: list[tuple[str, str, Kind]]

    @property
    def sources(self) -> TableSources:
        """Return the sources as the events have them."""
        columns = {name: tuple(SourceColumn(*one) for one in of) for name, of in self.columns.items()}
        return TableSources(columns, tuple(SourceColumn(*one) for one in self.rows))

    @property
    def sources_listed(self) -> list[tuple[str, str, Kind]]:
        """Return the sources of all columns, one after the other."""
        return [one for of in self.columns.values() for one in of]

    @classmethod
    def of(cls, sources: TableSources) -> "CompiledTable":
        """Return the document of the sources of a table."""

        def written(some: tuple[SourceColumn, ...]) -> list[tuple[str, str, Kind]]:
            return [(one.table, one.column, one.kind) for one in some]

        return cls(columns={name: written(of) for name, of in sources.columns.items()}, rows=written(sources.rows))


class CompiledSources(BaseModel):
    """The sources of all built tables, and the version of the library behind each engine."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    engines: dict[str, tuple[str, str]] = {}
    tables: dict[str, CompiledTable] = {}


@cache
def compiled() -> CompiledSources:
    """Return what was compiled into this code; nothing in a checkout."""
    return CompiledSources.model_validate_json(BUILT.read_text()) if BUILT.exists() else CompiledSources()


def of_files(contract: Contract) -> TableSources:
    """Return what the columns of the table of a dataset are made of: those of the same names in its files.

    A transform before the row rules, `cartlake.prepare`, may change every value. Columns that the lake adds have none.
    """
    table, folder = contract.table, folder_of(contract.name)

    def kind(column_type: str) -> Kind:
        return "IDENTITY" if column_type == "string" and table.prepare is None else "TRANSFORMATION"

    columns = {column.name: (SourceColumn(folder, column.name, kind(column.type)),) for column in table.file_columns}
    deciding = dict.fromkeys(column for rule in table.row_rules if rule.severity == "error" for column in rule.columns)
    known = {column.name for column in table.file_columns}
    return TableSources(columns, tuple(SourceColumn(folder, one, "FILTER") for one in deciding if one in known))


def folder_of(dataset: str) -> str:
    """Return the folder below the raw bucket into which files of a dataset are dropped: their name in lineage."""
    return f"incoming/{dataset}"
