"""The parts of a contract that a file is checked against."""

from dataclasses import dataclass, replace
from functools import cached_property

from cartlake.contracts import Contract, Table
from cartlake.contracts.custom_properties.record_mapping import Unpivot
from cartlake.contracts.model import UnknownColumns
from cartlake.contracts.names import column_of, written_names
from cartlake.contracts.types import Type, parse_type


@dataclass(frozen=True, slots=True)
class ExpectedColumn:
    """`type` is the Spark SQL name of the type, e.g. `decimal(12,2)`. No row can be loaded without a `required` one."""

    name: str
    type: str
    required: bool
    aliases: tuple[str, ...] = ()
    tree: Type | None = None

    @property
    def structure(self) -> Type:
        """Return the type as a tree, with what files call the fields of structs."""
        return self.tree or parse_type(self.type)


@dataclass(frozen=True)
class FileRules:
    """Sizes in bytes; `max_expansion_ratio` is expanded bytes per stored byte of a gzip file.

    `loads_again`: content that was loaded before is loaded again.
    """

    dataset: str
    contract_version: str
    columns: tuple[ExpectedColumn, ...]
    formats: tuple[str, ...]
    compressions: tuple[str, ...]
    delimiter: str
    quote: str
    max_file_bytes: int
    max_line_bytes: int
    max_expanded_bytes: int
    max_expansion_ratio: int
    unknown_columns: UnknownColumns = "refuse"
    loads_again: bool = False
    loose_names: bool = False
    absent: frozenset[str] = frozenset()
    """Columns of the table that no file has: they have one value by the contract."""
    counted: frozenset[str] = frozenset()
    """Columns that no CSV file has: they get numbers of rows or of names."""
    unpivot: Unpivot | None = None
    """Which numbered columns of CSV files become rows."""
    numbered: Unpivot | None = None
    """The same in the rules for CSV files, None in those for others."""

    @cached_property
    def of_csv(self) -> "FileRules":
        """Return the rules for CSV files, whose records become rows."""
        columns = tuple(column for column in self.columns if column.name not in self.counted)
        made = self.counted.union(self.unpivot.columns if self.unpivot else ())
        return replace(self, columns=columns, absent=self.absent | made, numbered=self.unpivot)

    @property
    def refuses_unknown(self) -> bool:
        """Return whether a file may have no column that the contract does not have."""
        return self.unknown_columns == "refuse"

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    @cached_property
    def written(self) -> dict[str, str]:
        """Return the columns by all names that files may give them, as they are written."""
        return written_names((column.name, column.aliases) for column in self.columns)

    def column_of(self, name: str) -> str:
        """Return the column that a file calls by a name, `column[n]` for a numbered one; a name of none as it is."""
        found = self.numbered.numbered(name, loose=self.loose_names) if self.numbered else None
        return found or column_of(name, self.written, loose=self.loose_names) or name

    def base_of(self, column: str) -> str:
        """Return the column of the contract that `column[n]` is a number of; any other name as it is."""
        return self.numbered.column(column) if self.numbered else column

    @property
    def required(self) -> list[str]:
        return [column.name for column in self.columns if column.required]


def rules_of(contract: Contract) -> FileRules:
    """Return the rules of a contract for its files."""
    options, needed = contract.file_options, _needed(contract.table)
    return FileRules(
        dataset=contract.name,
        contract_version=contract.version,
        columns=tuple(
            ExpectedColumn(column.name, column.type, column.name in needed, column.aliases, column.tree)
            for column in contract.table.file_columns
        ),
        formats=options.formats,
        compressions=options.compressions,
        delimiter=options.csv.delimiter,
        quote=options.csv.quote,
        max_file_bytes=options.max_file_bytes,
        max_line_bytes=options.max_line_bytes,
        max_expanded_bytes=options.max_expanded_bytes,
        max_expansion_ratio=options.max_expansion_ratio,
        unknown_columns=contract.unknown_columns,
        loads_again=contract.table.loads_again,
        loose_names=options.names == "loose",
        absent=contract.table.constants,
        counted=contract.table.counted_columns,
        unpivot=contract.table.unpivot,
    )


def _needed(table: Table) -> frozenset[str]:
    """Return the required columns; a file of nothing but deletes has no more than those need."""
    required = frozenset(column.name for column in table.file_columns if column.required)
    return table.delete_columns & required if table.deleted_when else required
