"""Faults of the words about records and rows of files: `cartlake.fillDown`, `cartlake.unpivot`, `cartlake.constant`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from cartlake.contracts.custom_properties.constants import CONSTANT
from cartlake.contracts.custom_properties.record_mapping import FILL_DOWN, NUMBER, UNPIVOT, FillDown, Unpivot
from cartlake.contracts.names import ALIASES, UNUSABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cartlake.contracts.errors import Faults
    from cartlake.contracts.model import Table
    from cartlake.contracts.odcs import FileOptions

_WHOLE_NUMBERS: Final = ("int", "bigint")


def with_record_mapping(
    table: Table, custom: Mapping[str, Any], file: FileOptions | None, where: str, faults: Faults
) -> Table:
    """Return a table with how records of its files become rows. What cannot be done is a fault.

    `file` says which files are loaded into the table, None for a table that no files are loaded into.
    """
    checked = _Checked(table, file, where, faults)
    checked.constants()
    fill = checked.fill_down(custom)
    return replace(table, fill_down=fill, unpivot=checked.unpivot(custom, fill))


@dataclass(frozen=True)
class _Checked:
    table: Table
    file: FileOptions | None
    where: str
    faults: Faults

    def _add(self, word: str, value: object, advice: str) -> None:
        self.faults.add(f"{self.where}.{word}", value, advice)

    @property
    def _names(self) -> list[str]:
        """The columns that files may have."""
        return [column.name for column in self.table.file_columns]

    def constants(self) -> None:
        times = {self.table.version_column, self.table.event_time}
        for column in self.table.columns:
            if column.constant is None:
                continue
            place = f"{column.name}.{CONSTANT}"
            if self.file is None:
                self._add(place, column.constant, "remove it: no files are loaded into this table")
            if column.aliases:
                self._add(f"{column.name}.{ALIASES}", list(column.aliases), "remove them: no file has the column")
            if column.name in times:
                self._add(place, column.constant, "name a column of the files as version and event time of rows")

    def fill_down(self, custom: Mapping[str, Any]) -> FillDown | None:
        if FILL_DOWN not in custom:
            return None
        value = custom[FILL_DOWN]
        self._check_files(FILL_DOWN, value)
        if not _is_fill(value):
            advice = "write {within: COLUMN, columns: [COLUMN, …]}, and position: COLUMN if rows are to be numbered"
            self._add(FILL_DOWN, value, advice)
            return None
        found = FillDown(value["within"], tuple(value["columns"]), value.get("position"))
        self._check_columns(FILL_DOWN, (found.within, *found.columns))
        if found.within in found.columns:
            advice = "leave it out of columns: a row without it belongs to no group, so nothing can fill it"
            self._add(f"{FILL_DOWN}.columns", found.within, advice)
        if found.within in self._names and not self.table.column(found.within).required:
            self._add(f"{FILL_DOWN}.within", found.within, "make it required: rows without it belong to no group")
        self._check_position(FILL_DOWN, found.position, (found.within, *found.columns))
        self._check_key({found.within, *found.columns}, found.position, "group")
        return found

    def unpivot(self, custom: Mapping[str, Any], fill: FillDown | None) -> Unpivot | None:
        if UNPIVOT not in custom:
            return None
        value = custom[UNPIVOT]
        self._check_files(UNPIVOT, value)
        if not _is_unpivot(value):
            advice = (
                f"write {{columns: {{COLUMN: its name in files with {NUMBER}, …}}}}, and position: COLUMN for {NUMBER}"
            )
            self._add(UNPIVOT, value, advice)
            return None
        listed = {name: [one] if isinstance(one, str) else one for name, one in value["columns"].items()}
        found = Unpivot(tuple((name, one) for name, names in listed.items() for one in names), value.get("position"))
        self._check_columns(f"{UNPIVOT}.columns", found.columns)
        filled = [name for name in (fill.within, *fill.columns, fill.position) if name] if fill else []
        for name in found.columns:
            if name in filled:
                self._add(f"{UNPIVOT}.columns", name, f"is in {FILL_DOWN} too; leave it out of one of them")
        self._check_position(UNPIVOT, found.position, (*found.columns, *filled))
        self._check_patterns(found)
        numbered = {*found.columns, found.position}
        self._check_key(set(self.table.primary_key) - numbered, found.position, "record")
        return found

    def _check_files(self, word: str, value: object) -> None:
        if self.file is None or "csv" not in self.file.formats:
            self._add(word, value, "remove it: it is about CSV files, and none are loaded into this table")

    def _check_columns(self, word: str, names: Iterable[str]) -> None:
        for name in names:
            if name not in self._names:
                self._add(word, name, f"no column of the files; those are {', '.join(self._names)}")

    def _check_position(self, word: str, name: str | None, others: Iterable[str]) -> None:
        place = f"{word}.position"
        if name is None:
            return
        self._check_columns(place, [name])
        if name in others:
            self._add(place, name, "name a column that nothing else is read into: it gets a number")
        elif name in self._names and self.table.column(name).type not in _WHOLE_NUMBERS:
            self._add(place, name, "it gets a number: make it an int or a bigint")

    def _check_key(self, same: set[str], position: str | None, what: str) -> None:
        """Add a fault if rows have one key that are told apart by other columns alone."""
        key = self.table.primary_key
        if key and same.issuperset(key):
            more = position or "a column that tells them apart, such as a position"
            advice = f"all rows of a {what} have one key, so all but one would be lost: add {more} to it"
            self._add("primaryKey", list(key), advice)

    def _check_patterns(self, found: Unpivot) -> None:
        place, seen = f"{UNPIVOT}.columns", dict[str, str]()
        for column, name in found.names:
            if name.count(NUMBER) != 1 or UNUSABLE.search(name) or name.startswith("_"):
                advice = f"write one {NUMBER} for the number, no quote or backslash, and no underscore first"
                self._add(f"{place}.{column}", name, advice)
            elif seen.setdefault(name, column) != column:
                self._add(f"{place}.{column}", name, f"is the name of {seen[name]} too; leave it out of one of them")
        for alias, column in self._taken(found):
            self._add(f"{place}.{column}", alias, "is a name of another column too; leave it out of one of them")

    def _taken(self, found: Unpivot) -> Iterator[tuple[str, str]]:
        """Yield the names of other columns that would be read as numbered ones, each with the numbered column."""
        for column in self.table.columns:
            for name in (column.name, *column.aliases):
                if (numbered := found.numbered(name, loose=False)) is not None:
                    yield name, found.column(numbered)


def _is_fill(value: object) -> bool:
    return (
        isinstance(value, dict)
        and {"within", "columns"} <= value.keys() <= {"within", "columns", "position"}
        and isinstance(value["within"], str)
        and isinstance(value["columns"], list)
        and len(value["columns"]) > 0
        and all(isinstance(name, str) for name in (*value["columns"], value.get("position", "")))
    )


def _is_unpivot(value: object) -> bool:
    return (
        isinstance(value, dict)
        and {"columns"} <= value.keys() <= {"columns", "position"}
        and isinstance(value.get("position", ""), str)
        and isinstance(value["columns"], dict)
        and len(value["columns"]) > 0
        and all(map(_are_names, value["columns"].values()))
    )


def _are_names(value: object) -> bool:
    return isinstance(value, str) or (
        isinstance(value, list) and bool(value) and all(isinstance(n, str) for n in value)
    )
