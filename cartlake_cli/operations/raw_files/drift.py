"""Compares the columns that a crawler found in the raw files of a dataset with its contract."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from cartlake.contracts.names import column_of, written_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cartlake.contracts import Column, Contract

Difference = Literal["missing", "unknown", "type", "format"]

_INTEGERS: Final = ("tinyint", "smallint", "int", "bigint")
_FITS: Final[Mapping[str, tuple[str, ...]]] = {
    "string": ("string", "char", "varchar"),
    "int": _INTEGERS,
    "bigint": _INTEGERS,
    "float": ("float", "double", *_INTEGERS),
    "double": ("float", "double", *_INTEGERS),
    "boolean": ("boolean",),
    "date": ("date",),
    "timestamp": ("timestamp",),
    "decimal": ("decimal", "float", "double", *_INTEGERS),
    "array": ("array",),
    "struct": ("struct",),
}
"""For each type of a contract, the types in files whose values the lake can convert to it."""
_FORMATS: Final = {"csv": "csv", "json": "jsonl", "parquet": "parquet"}
_COMPOUND: Final = ("array", "struct", "map", "binary")


@dataclass(frozen=True, slots=True)
class RawTable:
    """One table a crawler wrote: the files of one format below one folder."""

    name: str
    location: str
    format: str
    columns: Mapping[str, str]
    files: int | None

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> RawTable:
        """Return a Glue table that a crawler wrote."""
        storage, parameters = entry.get("StorageDescriptor") or {}, entry.get("Parameters") or {}
        classification = str(parameters.get("classification", "")).lower()
        count = parameters.get("objectCount")
        return cls(
            name=str(entry["Name"]),
            location=str(storage.get("Location", "")),
            format=_FORMATS.get(classification, classification),
            columns={column["Name"].lower(): column.get("Type", "") for column in storage.get("Columns") or []},
            files=int(count) if count is not None else None,
        )


@dataclass(frozen=True, slots=True)
class RawDrift:
    """One difference. `found` and `wanted` are types, or formats; None where there is nothing."""

    dataset: str
    table: str
    format: str
    column: str
    difference: Difference
    found: str | None
    wanted: str | None
    advice: str


def drift_of(contract: Contract, crawled: Iterable[RawTable]) -> list[RawDrift]:
    """Return every difference between the crawled files and the contract, by table, in the contract's order."""
    return [drift for table in crawled for drift in _of_table(contract, table)]


def _of_table(contract: Contract, table: RawTable) -> Iterator[RawDrift]:
    def drift(column: str, difference: Difference, found: str | None, wanted: str | None, advice: str) -> RawDrift:
        return RawDrift(contract.name, table.name, table.format, column, difference, found, wanted, advice)

    if table.format not in contract.accepted_formats:
        accepted = ", ".join(contract.accepted_formats)
        yield drift("", "format", table.format or "unknown", accepted, "such files are rejected: see `lake files`")
        return
    counted = contract.table.counted_columns if table.format == "csv" else frozenset()
    wanted = {column.name: column for column in contract.table.file_columns if column.name not in counted}
    columns = {_column_called(name, contract, table.format): kind for name, kind in table.columns.items()}
    for name, column in wanted.items():
        found = columns.get(name)
        if found is None and not (table.format == "jsonl" and not column.required):  # objects may leave nulls out
            yield drift(name, "missing", None, column.type, _about_missing(column))
        elif found is not None and not fits(column.type, found, table.format):
            yield drift(name, "type", found, column.type, "rows whose value does not convert are quarantined")
    for name, kind in columns.items():
        if name not in wanted and contract.unknown_columns == "refuse":
            advice = "add it to the contract to keep its values, or have senders leave it out"
            yield drift(name, "unknown", kind, None, advice)


def _column_called(name: str, contract: Contract, kind: str) -> str:
    """Return the column that files of a format call by a name, which crawlers write in small letters; else the name."""
    unpivot = contract.table.unpivot if kind == "csv" else None
    # Crawlers write small letters, so spelling tells nothing.
    if unpivot and (numbered := unpivot.numbered(name, loose=True)):
        return unpivot.column(numbered)
    columns = contract.table.file_columns
    written = written_names((column.name, map(str.lower, column.aliases)) for column in columns)
    return column_of(name, written, loose=contract.file_options.names == "loose") or name


def _about_missing(column: Column) -> str:
    if column.required:
        return "it is required, so such rows are quarantined: ask the sender for it, or make it optional"
    return "it is read as null: ask the sender for it"


def fits(wanted: str, found: str, kind: str) -> bool:
    """Return whether a column of the type `wanted` may have been found as `found` in files of the format `kind`.

    A crawler guesses types of text: a column of empty values is a string, and a code of digits a number. So in CSV and
    JSON only a type that cannot be converted is a difference, such as an object where the contract has a number.
    Parquet has its own types, which have to fit.
    """
    base = wanted.partition("(")[0].partition("<")[0]
    found_base = re.split(r"[(<]", found, maxsplit=1)[0]
    if kind == "parquet":
        return found_base in _FITS[base] or (base in ("date", "timestamp") and found_base == "string")
    if base in ("array", "struct") and kind == "jsonl":
        return found_base in (base, "string")
    return found_base not in _COMPOUND
