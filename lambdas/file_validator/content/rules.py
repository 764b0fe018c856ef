"""The parts of a contract that a file is checked against."""

from dataclasses import dataclass

from cartlake.contracts import Contract


@dataclass(frozen=True, slots=True)
class ExpectedColumn:
    """`type` is the Spark SQL name of the type, e.g. `decimal(12,2)`."""

    name: str
    type: str
    required: bool


@dataclass(frozen=True, slots=True)
class FileRules:
    """Sizes in bytes; `max_expansion_ratio` is expanded bytes per stored byte of a gzip file."""

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

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    @property
    def required(self) -> list[str]:
        return [column.name for column in self.columns if column.required]


def rules_of(contract: Contract) -> FileRules:
    """Return the rules of a contract for its files."""
    options = contract.file_options
    return FileRules(
        dataset=contract.name,
        contract_version=contract.version,
        columns=tuple(
            ExpectedColumn(column.name, column.type, column.required) for column in contract.table.file_columns
        ),
        formats=options.formats,
        compressions=options.compressions,
        delimiter=options.csv.delimiter,
        quote=options.csv.quote,
        max_file_bytes=options.max_file_bytes,
        max_line_bytes=options.max_line_bytes,
        max_expanded_bytes=options.max_expanded_bytes,
        max_expansion_ratio=options.max_expansion_ratio,
    )
