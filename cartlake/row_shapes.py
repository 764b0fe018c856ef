"""Rows of files as the contract has them: nested values, and columns that the contract does not have.

Both engines read a nested column as one text of JSON, in which every value is a text in quotes or null, as written in
the file: parsers of JSON round numbers, and take the first or the last of two equal keys. This module makes that text,
and decides what becomes of columns and keys that no contract has (`cartlake.unknownColumns`).

A text that does not fit the column's type is kept as it is; if it begins as a fitting one does, a space is put before
it. So whatever begins with a bracket or a brace fits.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from cartlake.contracts.model import UNKNOWN_COLUMNS
from cartlake.contracts.names import column_of
from cartlake.contracts.types import List, Plain, Struct
from cartlake.record_rows import RecordRows, record_rows_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cartlake.contracts import Contract
    from cartlake.contracts.model import UnknownColumns
    from cartlake.contracts.types import Type
    from cartlake.runs.documents import ManifestFile

METADATA: Final = "_"
"""Keys that start with it are metadata, not columns: a replay names the quarantined row that a row replaces."""

Cell: TypeAlias = "str | None"


class MisfitError(ValueError):
    """A text is not the JSON that it should be."""


class Number(str):
    """A number of JSON, as it was written."""

    __slots__ = ()


@dataclass(frozen=True)
class RowShape:
    """The columns of files of a contract with their types, and what becomes of other columns."""

    columns: tuple[tuple[str, Type], ...]
    unknown: UnknownColumns
    aliases: tuple[tuple[str, str], ...] = ()
    """Other names of columns in files, each with the column."""
    loose: bool = False
    """Whether spelling makes no difference: `cartlake.contracts.names`."""
    records: RecordRows | None = None
    """How records of CSV files become rows; None where each is a row as it is."""

    @cached_property
    def types(self) -> Mapping[str, Type]:
        """The types by the names of columns."""
        return dict(self.columns)

    def line(self, line: bytes) -> bytes:
        """Return a line of JSON with a text, or null, as each value; as it is if it is no row.

        What becomes of the line is for `cartlake.json_lines` to decide.
        """
        try:
            return self._line(line)
        except (ValueError, RecursionError):
            return line

    @property
    def in_order(self) -> bool:
        """Return whether records of a CSV file have to be read in its order."""
        return self.records is not None and self.records.in_order

    def rows(self, header: Sequence[str]) -> Callable[[Sequence[Cell]], list[list[Cell]]]:
        """Return a function that turns the cells of each CSV record of one file, in order, into its rows.

        A row has the values of `columns_of(header)`.
        """
        if self.records is None:
            values = self._row(header)
            return lambda cells: [values(cells)]
        values, rows = self._row(self.records.header(header)), self.records.of_file(header)
        return lambda cells: [values(row) for row in rows(cells)]

    def _row(self, header: Sequence[str]) -> Callable[[Sequence[Cell]], list[Cell]]:
        """Return a function that turns the cells of a row into the values of the contract's columns."""
        places = [(place, self.types[name]) for place, name in enumerate(header) if name in self.types]
        extra = [(place, name) for place, name in enumerate(header) if self._is_unknown(name)]

        def values(cells: Sequence[Cell]) -> list[Cell]:
            rest = _Unknown({name: cell for place, name in extra if (cell := cells[place])})
            known = [self._cell(header[place], cells[place], kind, rest) for place, kind in places]
            return [*known, rest.text(cells, header)] if self.unknown == "keep" else known

        return values

    def columns_of(self, header: Sequence[str]) -> list[str]:
        """Return the columns that rows of a CSV file with this header have afterwards."""
        names = header if self.records is None else self.records.header(header)
        known = [name for name in names if name in self.types]
        return [*known, UNKNOWN_COLUMNS] if self.unknown == "keep" else known

    def _is_unknown(self, name: str) -> bool:
        return name not in self.types and not name.startswith(METADATA) and name != UNKNOWN_COLUMNS

    def _cell(self, name: str, cell: Cell, kind: Type, rest: _Unknown) -> Cell:
        return cell if isinstance(kind, Plain) or not cell else self._nested(name, cell, kind, rest)

    def _nested(self, name: str, text: str, kind: Type, rest: _Unknown) -> Cell:
        """Return the text of a nested column, given as JSON, as it should be, or marked as one that does not fit."""
        try:
            value = parsed(text)
            return self._fitting(name, parsed(value) if type(value) is str else value, kind, rest)
        except (ValueError, RecursionError):
            return _unfitting(text)

    def _fitting(self, name: str, value: Any, kind: Type, rest: _Unknown) -> Cell:
        found = _Unknown()
        fitting = _Fit(self.unknown, found).value(value, kind, name)
        text = None if fitting is None else written(fitting)
        if text is not None:
            text.encode()
        rest.update(found)
        return text

    def _line(self, line: bytes) -> bytes:
        row = parsed(line.decode())
        if not isinstance(row, dict):
            raise MisfitError
        rest, values = _Unknown(), {}
        for key, value in row.items():
            name = self._called(key)
            if name in values:
                raise MisfitError(f"{name} is there twice")
            if name in self.types:
                values[name] = self._value(name, value, rest)
            elif self.unknown == "keep" and name == UNKNOWN_COLUMNS:
                rest.merge(value)
            elif name.startswith(METADATA):
                if isinstance(value, dict | list):
                    raise MisfitError  # no metadata of a row is nested: `cartlake.json_lines`
            elif self.unknown == "refuse":
                raise MisfitError
            else:
                rest[name] = value
        if self.unknown == "keep" and rest:
            values[UNKNOWN_COLUMNS] = written(rest)
        return written(values).encode()

    @cached_property
    def _called(self) -> Callable[[str], str]:
        """A function that returns the column which a file calls by a name; a name of no column as it is."""
        written = {**dict(self.aliases), **{name: name for name in self.types}}
        return lru_cache(maxsize=4096)(lambda key: column_of(key, written, loose=self.loose) or key)

    def _value(self, name: str, value: Any, rest: _Unknown) -> Cell:
        kind = self.types[name]
        if isinstance(kind, Plain):
            if isinstance(value, dict | list):
                raise MisfitError
            return _text(value)
        if value is None or value == "":
            return None
        if type(value) is str:
            return self._nested(name, value, kind, rest)
        try:
            return self._fitting(name, value, kind, rest)
        except MisfitError:
            return _unfitting(written(value))


class _Unknown(dict[str, Any]):
    """Values by the names of columns and the paths of keys that the contract does not have."""

    def merge(self, value: Any) -> None:
        """Add what the column of unknown columns holds, as a row from quarantine has it."""
        try:
            again = parsed(value) if type(value) is str else value
        except (ValueError, RecursionError):
            again = value
        if isinstance(again, dict):
            self.update(again)
        elif again is not None and again != "":
            self[UNKNOWN_COLUMNS] = again

    def text(self, cells: Sequence[Cell], header: Sequence[str]) -> Cell:
        """Return all of it as JSON, with the cell of the column of unknown columns; None for nothing."""
        if UNKNOWN_COLUMNS in header:
            self.merge(cells[header.index(UNKNOWN_COLUMNS)])
        return written(self) if self else None


@dataclass(frozen=True)
class _Fit:
    unknown: UnknownColumns
    found: _Unknown = field(default_factory=_Unknown)

    def value(self, value: Any, kind: Type, path: str) -> Any:
        """Return a value in which every plain value is a text or null. Raises MisfitError where it has another form."""
        if value is None:
            return None
        match kind:
            case List(element):
                if not isinstance(value, list):
                    raise MisfitError(path)
                return [self.value(one, element, f"{path}[{place}]") for place, one in enumerate(value)]
            case Struct(fields):
                if not isinstance(value, dict):
                    raise MisfitError(path)
                named = {kind.called(key): one for key, one in value.items()}
                if len(named) != len(value):
                    raise MisfitError(path)
                return self._fields(named, dict(fields), path)
            case Plain(name):
                if not isinstance(value, dict | list):
                    return _text(value)
                if name == "string":
                    raise MisfitError(path)
                return written(value)  # no text of another type begins like this: it is refused with its path

    def _fields(self, value: dict[str, Any], types: dict[str, Type], path: str) -> dict[str, Any]:
        for name in value.keys() - types.keys():
            if self.unknown == "refuse":
                raise MisfitError(f"{path}.{name}")
        self.found.update({f"{path}.{name}": one for name, one in value.items() if name not in types})
        return {name: self.value(value[name], kind, f"{path}.{name}") for name, kind in types.items() if name in value}


def shape_of(contract: Contract) -> RowShape | None:
    """Return the shape of the rows of a contract's files.

    None where all columns are plain, others are refused and each record is a row: such files are read without it,
    several times as fast.
    """
    columns = [
        c for c in contract.table.file_columns if c.name != UNKNOWN_COLUMNS or contract.unknown_columns != "keep"
    ]
    records = record_rows_of(contract.table)
    if contract.unknown_columns == "refuse" and records is None and not any(column.is_nested for column in columns):
        return None
    types = tuple((column.name, column.structure) for column in columns)
    aliases = tuple((alias, column.name) for column in columns for alias in column.aliases)
    loose = contract.file is not None and contract.file.names == "loose"
    return RowShape(types, contract.unknown_columns, aliases, loose, records)


def names_in_lines(file: ManifestFile, contract: Contract) -> dict[str, str]:
    """Return the columns by the other names that keys of JSON lines have: aliases, and what the validator found."""
    aliases = {alias: column.name for column in contract.table.file_columns for alias in column.aliases}
    return aliases | file.format.names


def parsed(text: str) -> Any:
    """Return a JSON value whose numbers are `Number`. Raises ValueError for what RFC 8259 does not allow.

    Also for repeated keys, and for halves of surrogate pairs, which are no characters.
    """
    value = json.loads(text, parse_int=Number, parse_float=Number, parse_constant=_refused, object_pairs_hook=_object)
    if "\\u" in text:
        written(value).encode()
    return value


def written(value: Any) -> str:
    """Return a value that `parsed` returned as JSON on one line, numbers as they were written."""
    match value:
        case Number():
            return str.__str__(value)
        case dict():
            return f"{{{','.join(f'{_quoted(name)}:{written(one)}' for name, one in value.items())}}}"
        case list():
            return f"[{','.join(map(written, value))}]"
    return _quoted(value)


def _quoted(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _text(value: Any) -> Cell:
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)


def _unfitting(text: str) -> str:
    return f" {text}" if text.startswith(("[", "{")) else text


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MisfitError("a key is repeated")
    return found


def _refused(constant: str) -> Any:
    raise MisfitError(f"{constant} is no number of JSON")
