"""The model of a valid contract that the rest of Cartlake uses. It cannot be changed."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal

from cartlake.contracts.custom_properties.building import Build
from cartlake.contracts.custom_properties.deletes import FullCopy
from cartlake.contracts.custom_properties.maintenance import Maintenance
from cartlake.contracts.custom_properties.record_mapping import FillDown, Unpivot
from cartlake.contracts.custom_properties.streams import StreamWord
from cartlake.contracts.defaults import RECEIVED_AT
from cartlake.contracts.nested import Part
from cartlake.contracts.odcs import CsvOptions, FileOptions
from cartlake.contracts.rules.sql import expression_columns
from cartlake.contracts.rules.table_rules import TableRule
from cartlake.contracts.types import Type, is_nested, parse_type
from cartlake.errors import TerminalError

Severity = Literal["error", "warning"]
UnknownColumns = Literal["refuse", "ignore", "keep"]
"""The custom property `cartlake.unknownColumns`: what becomes of columns and keys of files that no contract has."""
EngineWish = Literal["auto", "light", "spark"]
"""The custom property `cartlake.engine`: the engine that loads the dataset's files and rebuilds its tables."""

LIGHT_TRANSFORMS: Final = frozenset({"identity", "year", "month", "day", "hour"})
"""Partition transforms that the light engine writes; Spark writes all."""
OPEN_CLASSIFICATIONS: Final = frozenset({None, "public", "internal"})
"""Classifications of columns that every role may read. Any other word protects, so that a new one exposes nothing."""
UNKNOWN_COLUMNS: Final = "unknown_columns"
"""The column that holds unknown columns as JSON, where the contract says `cartlake.unknownColumns: keep`."""
CONTRACT_PROPERTY: Final = "cartlake.contract"
VERSION_PROPERTY: Final = "cartlake.version"
"""Table properties: the name of the contract a table was created for, and the version that was last applied."""
CURRENCY_PROPERTY: Final = "cartlake.currency"
"""Table property: the reporting currency that amounts are converted to, of the table whose transform converts."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `type` is the Spark SQL name of its type; `timestamp` is an instant, stored in UTC.

    `mask` is SQL of the column's masked value, empty for a column that is not masked.
    """

    name: str
    type: str
    required: bool
    primary_key: bool
    description: str
    classification: str | None
    tags: tuple[str, ...]
    examples: tuple[object, ...]
    mask: str = ""
    mask_name: str = ""
    """What the contract says as `cartlake.mask`; empty where it says nothing."""
    renamed_from: tuple[str, ...] = ()
    """What the column was called in earlier versions of the contract, newest name first."""
    parts: tuple[Part, ...] = ()
    """The fields and elements of a nested column, outer before inner."""
    aliases: tuple[str, ...] = ()
    """What files may call the column, beside its name."""
    tree: Type | None = field(default=None, repr=False)
    """The type with what files call the fields; None where they have no other names."""
    constant: str | None = None
    """The text of the value that all rows have, `cartlake.constant`; None for a column that files have."""

    @property
    def structure(self) -> Type:
        """Return the type as a tree."""
        return self.tree or parse_type(self.type)

    @property
    def is_nested(self) -> bool:
        """Return whether the column is a struct or a list."""
        return is_nested(self.type)

    @property
    def pii(self) -> bool:
        """Return whether the column holds personal data."""
        return "pii" in self.tags

    @property
    def protected(self) -> bool:
        """Return whether only roles that read personal data may read the column.

        That is every column with the tag `pii` or a classification that is not among OPEN_CLASSIFICATIONS.
        """
        return self.pii or self.classification not in OPEN_CLASSIFICATIONS

    @property
    def added_by_lake(self) -> bool:
        """Return whether the lake adds the column. Such columns start with an underscore and are in no file."""
        return self.name.startswith("_")


@dataclass(frozen=True, slots=True)
class PartitionField:
    """One partition column. `transform` is an Iceberg transform: identity, year, month, day, hour, `bucket[16]`."""

    column: str
    transform: str


@dataclass(frozen=True, slots=True)
class SortField:
    """One column that rows are sorted by within their data files, so that a filter on it skips files."""

    column: str
    direction: Literal["asc", "desc"] = "asc"
    nulls: Literal["first", "last"] = "first"

    def __str__(self) -> str:
        return f"{self.column} {self.direction} nulls {self.nulls}"


@dataclass(frozen=True, slots=True)
class RowRule:
    """A condition every row must meet: `expression` is true for a valid row; false and null are failures."""

    name: str
    severity: Severity
    expression: str
    columns: tuple[str, ...]
    description: str = ""
    reasons: str = ""
    """SQL of the reasons of a row that breaks a rule about parts of nested columns, see `contracts.nested_rules`.

    Empty for other rules: the reason is the name.
    """
    of_part: str = ""
    """For people: the condition on the part alone, `items[].price >= 0`; empty for other rules."""

    @property
    def condition(self) -> str:
        """Return what holds for a valid row, for people to read."""
        return self.of_part or self.expression

    @property
    def broken(self) -> str:
        """Return SQL that is true for a row that breaks the rule, and never null."""
        return f"not coalesce(({self.expression}), false)"


@dataclass(frozen=True, slots=True)
class Reference:
    """A column whose values are keys of another table, its parent, and how a row without a parent is treated.

    `unknown_member`: the row is accepted and joins the parent's row for unknown keys, until the parent is loaded.
    `quarantine`: the row is quarantined with the reason `orphan:<column>`; replay it once the parent is loaded.
    """

    column: str
    parent: str
    parent_column: str
    orphans: Literal["unknown_member", "quarantine"]

    @property
    def reason(self) -> str:
        """Return the reason of a row that is quarantined because it has no parent."""
        return f"orphan:{self.column}"


@dataclass(frozen=True)
class Table:
    """One table of a contract."""

    name: str
    physical_name: str
    description: str
    grain: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...]
    version_column: str | None
    event_time: str | None
    partitioning: tuple[PartitionField, ...]
    row_rules: tuple[RowRule, ...]
    table_rules: tuple[TableRule, ...]
    table_properties: dict[str, str] = field(hash=False)
    references: tuple[Reference, ...] = ()
    build: Build | None = None
    prepare: str | None = None
    """`<module>.<function>` below glue_jobs/transforms/: changes conformed rows before the row rules, e.g. masking."""
    sort_order: tuple[SortField, ...] | None = None
    """What rows are sorted by within files; None when the contract does not say."""
    promised_hours: float | None = None
    """The greatest age of the newest row, in hours, by the contract's SLA; None without one."""
    maintenance: Maintenance = field(default=Maintenance(), hash=False)
    event_time_fixed: bool = False
    """Whether the contract says that the event time of a key never changes: `cartlake.eventTimeFixed`."""
    deleted_when: str | None = None
    """SQL that is true for a row that deletes its key, `cartlake.deletedWhen`; None where no row does."""

    full_copy: FullCopy | None = None
    """How each file replaces the whole table, `cartlake.fullCopy`; None where files are merged into it."""
    fill_down: FillDown | None = None
    """How empty cells of CSV files are filled, `cartlake.fillDown`; None where they stay empty."""
    unpivot: Unpivot | None = None
    """Which numbered columns of CSV files become rows, `cartlake.unpivot`; None where none do."""

    @property
    def is_delete(self) -> str:
        """Return SQL that is true for a row that deletes its key, and never null."""
        return f"coalesce(({self.deleted_when}), false)" if self.deleted_when else "false"

    @cached_property
    def delete_columns(self) -> frozenset[str]:
        """Return the columns that a row needs to delete its key: the key, the version and those that say so."""
        said = expression_columns(self.deleted_when or "", [column.name for column in self.columns])
        return frozenset((*self.primary_key, str(self.version_column), *said))

    @property
    def keys_keep_their_day(self) -> bool:
        """Return whether all versions of a key are of one day: as the contract says, or the key has the event time."""
        return self.event_time_fixed or self.event_time in self.primary_key

    @property
    def later_file_wins(self) -> bool:
        """Return whether rows of a key are ordered by when their files were received, not by what is in them."""
        return self.version_column == RECEIVED_AT

    @property
    def loads_again(self) -> bool:
        """Return whether content that comes again is loaded again: another file may have replaced it in between."""
        return self.later_file_wins or self.full_copy is not None

    @property
    def protected_columns(self) -> tuple[Column, ...]:
        """Return the columns that only roles that read personal data may read; a table without any is open to all."""
        return tuple(column for column in self.columns if column.protected)

    @property
    def database(self) -> str:
        """Return the database of the physical name."""
        return self.physical_name.partition(".")[0]

    @property
    def version(self) -> str:
        """Return the version of the contract, which is stored as a property of the table."""
        return self.table_properties[VERSION_PROPERTY]

    @property
    def bare_name(self) -> str:
        """Return the physical name without its database."""
        return self.physical_name.partition(".")[2]

    @property
    def statistics_columns(self) -> tuple[str, ...]:
        """Return the columns whose distinct values are counted: those of joins, unless the contract names others."""
        if self.maintenance.statistics is not None:
            return self.maintenance.statistics
        # Distinct values help a planner to order joins, so the columns of joins are the ones worth counting.
        return tuple(dict.fromkeys((*self.primary_key, *(reference.column for reference in self.references))))

    @cached_property
    def value_columns(self) -> tuple[Column, ...]:
        """Return the columns that say something, in order: all but those the lake adds."""
        return tuple(column for column in self.columns if not column.added_by_lake)

    @cached_property
    def file_columns(self) -> tuple[Column, ...]:
        """Return the columns of a dropped file or of a transform, in order: those of values, without constants."""
        return tuple(column for column in self.value_columns if column.constant is None)

    @cached_property
    def constants(self) -> frozenset[str]:
        """Return the columns that no file has."""
        return frozenset(column.name for column in self.columns if column.constant is not None)

    @cached_property
    def counted_columns(self) -> frozenset[str]:
        """Return the columns that no CSV file has, because they get numbers of rows or of names."""
        words = (self.fill_down, self.unpivot)
        return frozenset(word.position for word in words if word is not None and word.position is not None)

    @cached_property
    def _by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    def column(self, name: str) -> Column:
        """Return the column of this name. Raises KeyError when there is none."""
        return self._by_name[name]

    def row_rule(self, name: str) -> RowRule:
        """Return the row rule of this name. Raises KeyError when there is none."""
        return {rule.name: rule for rule in self.row_rules}[name]

    def table_rule(self, name: str) -> TableRule:
        """Return the table rule of this name. Raises KeyError when there is none."""
        return {rule.name: rule for rule in self.table_rules}[name]


@dataclass(frozen=True)
class Contract:
    """One dataset. `file` says which files may be dropped; None for a dataset that only the lake writes.

    The next run starts no earlier than `gather_seconds` after the start of the last one.
    """

    name: str
    version: str
    status: str
    owner: str
    domain: str
    purpose: str
    limitations: str
    usage: str
    tables: tuple[Table, ...]
    file: FileOptions | None
    source: str
    engine: EngineWish = "auto"
    gather_seconds: int = 0
    unknown_columns: UnknownColumns = "refuse"
    retention_days: int | None = None
    """Days after which S3 deletes dropped files; None keeps them."""
    stream: StreamWord | None = None
    """The topic whose messages are rows of the dataset; None where only files bring them."""

    @property
    def major(self) -> int:
        """Return the major version."""
        return int(self.version.partition(".")[0])

    @property
    def droppable(self) -> bool:
        """Return whether files of this dataset may be dropped."""
        return self.file is not None

    @property
    def table(self) -> Table:
        """Return the first table, into which dropped files are loaded."""
        return self.tables[0]

    def table_named(self, name: str) -> Table:
        """Return a table by its name or physical name. Raises KeyError when there is none."""
        return {known: table for table in self.tables for known in (table.name, table.physical_name)}[name]

    @property
    def file_options(self) -> FileOptions:
        """Return `file`. Raises TerminalError when files of this dataset cannot be dropped."""
        if self.file is None:
            raise TerminalError(f"{self.source}: files of {self.name} cannot be dropped; it has no `cartlake.file`")
        return self.file

    @property
    def accepted_formats(self) -> tuple[str, ...]:
        return self.file_options.formats

    @property
    def accepted_encodings(self) -> tuple[str, ...]:
        return self.file_options.encodings

    @property
    def csv(self) -> CsvOptions:
        return self.file_options.csv

    @property
    def max_file_bytes(self) -> int:
        return self.file_options.max_file_bytes

    @property
    def max_line_bytes(self) -> int:
        return self.file_options.max_line_bytes

    @property
    def max_expanded_bytes(self) -> int:
        return self.file_options.max_expanded_bytes

    @property
    def max_expansion_ratio(self) -> int:
        return self.file_options.max_expansion_ratio
