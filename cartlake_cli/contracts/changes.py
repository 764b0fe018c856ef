"""Differences between two versions of the contracts, and what they break: readers of tables, or senders of files."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from cartlake.contracts import Column, Contract, Table
from cartlake.contracts.types import TypeChange, parse_type, type_changes

Breaks = Literal["readers", "senders", "readers and senders"]

_WIDER: Final = {("int", "bigint"), ("float", "double")}


@dataclass(frozen=True, slots=True)
class ContractChange:
    """One difference. `place` is a table or `table.column`; `breaks` is None if neither readers nor senders break."""

    contract: str
    place: str
    change: str
    breaks: Breaks | None = None


@dataclass(frozen=True, slots=True)
class VersionFault:
    """A contract that changed without the raise of its version that the change needs."""

    contract: str
    before: str
    after: str
    needed: Literal["major", "any"]

    def __str__(self) -> str:
        kind = "the major version" if self.needed == "major" else "the version"
        return f"{self.contract} changed, and its version is still {self.after}: raise {kind}."


def compare(before: Iterable[Contract], after: Iterable[Contract]) -> list[ContractChange]:
    """Return every difference, in the order of contracts, tables and columns, with what it breaks."""
    old, new = {one.name: one for one in before}, {one.name: one for one in after}
    changes: list[ContractChange] = []
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            changes.append(ContractChange(name, name, "the contract was removed", _all_affected(old[name])))
        elif name not in old:
            changes.append(ContractChange(name, name, "the contract is new"))
        else:
            changes += _of_contract(old[name], new[name])
    return changes


def version_faults(
    before: Iterable[Contract], after: Iterable[Contract], changes: Sequence[ContractChange]
) -> list[VersionFault]:
    """Return contracts whose version was not raised: a breaking change needs a new major version, others any raise."""
    old, new = {one.name: one for one in before}, {one.name: one for one in after}
    faults = []
    for name in sorted({change.contract for change in changes} & old.keys() & new.keys()):
        is_breaking = any(change.breaks for change in changes if change.contract == name)
        one, other = old[name], new[name]
        if is_breaking and other.major <= one.major:
            faults.append(VersionFault(name, one.version, other.version, "major"))
        elif not is_breaking and _numbers(other.version) <= _numbers(one.version):
            faults.append(VersionFault(name, one.version, other.version, "any"))
    return faults


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _all_affected(contract: Contract) -> Breaks:
    return "readers and senders" if contract.droppable else "readers"


def _of_contract(old: Contract, new: Contract) -> Iterator[ContractChange]:
    tables, wanted = ({table.name: table for table in one.tables} for one in (old, new))
    for name in [*tables, *(name for name in wanted if name not in tables)]:
        if name not in wanted:
            yield ContractChange(old.name, name, "the table was removed", "readers")
        elif name not in tables:
            yield ContractChange(old.name, name, "the table is new")
        else:
            sent = old.droppable and tables[name] == old.table
            yield from _of_table(old.name, tables[name], wanted[name], sent=sent)
    yield from _of_files(old, new)
    if old.unknown_columns != new.unknown_columns:
        words = f"unknown columns: {new.unknown_columns} instead of {old.unknown_columns}"
        yield ContractChange(old.name, old.name, words, "senders" if new.unknown_columns == "refuse" else None)
    yield from _of_stream(old, new)


def _of_stream(old: Contract, new: Contract) -> Iterator[ContractChange]:
    """Yield what changes for those who send messages. A topic that is read as well changes nothing for them."""
    one, other = old.stream, new.stream
    if one is None or one == other:
        return
    if other is None or other.topic != one.topic:
        words = f"messages of topic {one.topic} are no longer read" + (f", those of {other.topic} are" if other else "")
        yield ContractChange(old.name, old.name, words, "senders")
        return
    shorter = other.horizon_hours is not None and (one.horizon_hours is None or other.horizon_hours < one.horizon_hours)
    words = f"events may be {_hours(other.horizon_hours)} late instead of {_hours(one.horizon_hours)}"
    yield ContractChange(old.name, old.name, words, "senders" if shorter else None)


def _hours(hours: int | None) -> str:
    return "any time" if hours is None else f"{hours} h"


def _of_files(old: Contract, new: Contract) -> Iterator[ContractChange]:
    if old.droppable and not new.droppable:
        yield ContractChange(old.name, old.name, "files may no longer be dropped", "senders")
    if not (old.droppable and new.droppable):
        return
    if (names := new.file_options.names) != old.file_options.names:
        breaks: Breaks | None = "senders" if names == "exact" else None
        yield ContractChange(old.name, old.name, f"names of columns are taken as {names}", breaks)
    for what in ("formats", "compressions", "encodings"):
        one, other = (set(getattr(contract.file_options, what)) for contract in (old, new))
        if gone := sorted(one - other):
            yield ContractChange(old.name, old.name, f"{what} no longer taken: {', '.join(gone)}", "senders")
        if added := sorted(other - one):
            yield ContractChange(old.name, old.name, f"{what} taken as well: {', '.join(added)}")


def _of_table(contract: str, old: Table, new: Table, *, sent: bool) -> Iterator[ContractChange]:
    if old.physical_name != new.physical_name:
        words = f"called {new.physical_name} instead of {old.physical_name}"
        yield ContractChange(contract, old.name, words, "readers")
    if old.primary_key != new.primary_key:
        words = f"primary key ({', '.join(new.primary_key)}) instead of ({', '.join(old.primary_key)})"
        yield ContractChange(contract, old.name, words, "readers and senders" if sent else "readers")
    # A query that sums rows is wrong once a row means something else, although it still runs.
    if old.grain != new.grain:
        yield ContractChange(contract, old.name, f"grain: {new.grain} Before: {old.grain}", "readers")
    if old.partitioning != new.partitioning:
        yield ContractChange(contract, old.name, f"partitioned by {_layout(new)} instead of {_layout(old)}")
    if old.sort_order != new.sort_order:
        yield ContractChange(contract, old.name, f"sorted by {_sorting(new)} instead of {_sorting(old)}")
    if old.event_time_fixed != new.event_time_fixed:
        words = "never changes" if new.event_time_fixed else "may change"
        yield ContractChange(contract, old.name, f"the event time of a key {words} from now on")
    yield from _of_currency(contract, old, new)
    if old.deleted_when != new.deleted_when:
        yield _of_deletes(contract, old, new)
    if old.full_copy != new.full_copy:
        yield _of_full_copy(contract, old, new)
    yield from _of_records(contract, old, new)
    yield from _of_columns(contract, old, new, sent=sent)
    yield from _of_rules(contract, old, new, sent=sent)


def _of_currency(contract: str, old: Table, new: Table) -> Iterator[ContractChange]:
    """Yield a change of the reporting currency. Whoever reads sums as they were would take euros for dollars."""
    one, other = (table.build.currency if table.build else None for table in (old, new))
    if one != other:
        words = f"reporting currency {other or 'none'} instead of {one or 'none'}"
        yield ContractChange(contract, old.name, words, "readers" if one else None)


def _of_deletes(contract: str, old: Table, new: Table) -> ContractChange:
    """Return a change of the rows that delete their key.

    The first condition only takes rows away that say themselves that they are deleted. Any other change makes rows of
    deletes, which readers never saw.
    """
    if new.deleted_when is None:
        return ContractChange(contract, old.name, f"rows no longer delete their key: {old.deleted_when}", "readers")
    words = f"rows delete their key when {new.deleted_when}"
    if old.deleted_when is None:
        return ContractChange(contract, old.name, words)
    return ContractChange(contract, old.name, f"{words} instead of {old.deleted_when}", "readers")


def _of_full_copy(contract: str, old: Table, new: Table) -> ContractChange:
    """Return a change of whether files are the whole table.

    Files of some rows would delete all others, and keys that files leave out would stay.
    """
    if old.full_copy is None:
        return ContractChange(contract, old.name, "each file is the whole table now", "senders")
    if new.full_copy is None:
        return ContractChange(
            contract, old.name, "files are merged now: keys they leave out stay", "readers and senders"
        )
    share = f"{new.full_copy.max_deleted_share:g} instead of {old.full_copy.max_deleted_share:g}"
    return ContractChange(contract, old.name, f"a file may delete a share of {share} of the keys")


def _of_records(contract: str, old: Table, new: Table) -> Iterator[ContractChange]:
    """Return changes of how records of files become rows."""
    if old.fill_down != new.fill_down:
        what = f"filled down within {new.fill_down.within}" if new.fill_down else "no longer filled down"
        breaks: Breaks | None = None if old.fill_down is None else "senders"
        yield ContractChange(contract, old.name, f"empty cells of CSV files are {what}", breaks)
    one, other = (set(table.unpivot.names) if table.unpivot else set[tuple[str, str]]() for table in (old, new))
    if gone := sorted(name for _, name in one - other):
        yield ContractChange(contract, old.name, f"columns that no longer become rows: {', '.join(gone)}", "senders")
    if added := sorted(name for _, name in other - one):
        yield ContractChange(contract, old.name, f"columns that become rows: {', '.join(added)}")


def _of_columns(contract: str, old: Table, new: Table, *, sent: bool) -> Iterator[ContractChange]:
    columns, wanted = ({column.name: column for column in one.columns} for one in (old, new))
    renamed = {former: column for column in new.columns if (former := _former(column, columns, wanted))}
    for name, column in columns.items():
        if name in renamed:
            breaks: Breaks = "readers and senders" if sent and not column.added_by_lake else "readers"
            yield ContractChange(contract, f"{old.name}.{name}", f"renamed to {renamed[name].name}", breaks)
        after = renamed.get(name, wanted.get(name))
        yield from _of_column(contract, old.name, column, after, sent=sent and not column.added_by_lake)
    if _common(columns, wanted) != _common(wanted, columns):
        yield ContractChange(contract, old.name, "columns in another order")
    for name, column in wanted.items():
        if name not in columns and column not in renamed.values():
            needed = sent and column.required and not column.added_by_lake
            words = f"new column, {column.type}{', required' if column.required else ''}"
            yield ContractChange(contract, f"{old.name}.{name}", words, "senders" if needed else None)


def _of_column(contract: str, table: str, old: Column, new: Column | None, *, sent: bool) -> Iterator[ContractChange]:
    place = f"{table}.{old.name}"
    if new is None:
        yield ContractChange(contract, place, "the column was removed", "readers and senders" if sent else "readers")
        return
    for change in type_changes(parse_type(old.type), parse_type(new.type), ""):
        yield _of_type(contract, place, change, sent=sent)
    if old.constant != new.constant:
        yield _of_constant(contract, place, old, new)
    if new.required and not old.required:
        yield ContractChange(contract, place, "required now", "senders" if sent else None)
    if old.required and not new.required:
        # Joins and sums of readers may rely on the column having values.
        yield ContractChange(contract, place, "may be null now", "readers")
    if gone := [name for name in old.aliases if name not in (*new.aliases, new.name)]:
        yield ContractChange(contract, place, f"names no longer taken: {', '.join(gone)}", "senders" if sent else None)
    if added := [name for name in new.aliases if name not in old.aliases]:
        yield ContractChange(contract, place, f"names taken as well: {', '.join(added)}")
    if (old.classification, old.tags) != (new.classification, new.tags):
        yield ContractChange(contract, place, f"classified as {new.classification}{' (PII)' if new.pii else ''}")
    if old.description != new.description:
        yield ContractChange(contract, place, "description changed")


def _of_constant(contract: str, place: str, old: Column, new: Column) -> ContractChange:
    """Return a change of the value that all rows have. Files that have the column are refused, or lack it."""
    if old.constant is None:
        return ContractChange(contract, place, f"always {new.constant}, and in no file", "senders")
    if new.constant is None:
        return ContractChange(contract, place, f"read from files, no longer always {old.constant}", "senders")
    return ContractChange(contract, place, f"always {new.constant} instead of {old.constant}", "readers")


def _of_type(contract: str, place: str, change: TypeChange, *, sent: bool) -> ContractChange:
    place += change.path
    if change.old is None:
        return ContractChange(contract, place, f"new field, {change.new}")
    if change.new is None:
        return ContractChange(contract, place, "the field was removed", "readers and senders" if sent else "readers")
    breaks: Breaks | None = None if widens(str(change.old), str(change.new)) else "readers"
    return ContractChange(contract, place, f"{change.new} instead of {change.old}", breaks)


def widens(old: str, new: str) -> bool:
    """Return whether every value of one type is a value of the other, by Iceberg's rules of type promotion.

    https://iceberg.apache.org/spec/#schema-evolution
    """
    if (old, new) in _WIDER:
        return True
    one, other = _decimal(old), _decimal(new)
    return one is not None and other is not None and one[1] == other[1] and one[0] <= other[0]


def _decimal(text: str) -> tuple[int, int] | None:
    if not text.startswith("decimal("):
        return None
    precision, scale = text.removeprefix("decimal(").rstrip(")").split(",")
    return int(precision), int(scale)


def _layout(table: Table) -> str:
    return ", ".join(f"{part.transform}({part.column})" for part in table.partitioning) or "nothing"


def _sorting(table: Table) -> str:
    return ", ".join(str(field) for field in table.sort_order or ()) or "nothing"


def _former(column: Column, before: Mapping[str, Column], after: Mapping[str, Column]) -> str | None:
    """Return the former name of a column, if it was a column before and is none now; else None."""
    if column.name in before:
        return None
    return next((name for name in column.renamed_from if name in before and name not in after), None)


def _common(columns: Iterable[str], others: Mapping[str, Column]) -> list[str]:
    return [name for name in columns if name in others]


def _of_rules(contract: str, old: Table, new: Table, *, sent: bool) -> Iterator[ContractChange]:
    """Yield changes of rules. A new or changed rule may quarantine rows that were accepted before."""
    before, after = _rules(old), _rules(new)
    for name in [*before, *(name for name in after if name not in before)]:
        one, other = before.get(name), after.get(name)
        if one == other:
            continue
        is_error = other is not None and other[0] == "error"
        words = (
            "the rule was removed" if other is None else f"{'new rule' if one is None else 'rule changed'}: {other[1]}"
        )
        yield ContractChange(contract, f"{old.name}.{name}", words, "senders" if sent and is_error else None)


def _rules(table: Table) -> Mapping[str, tuple[str, str]]:
    rows = {rule.name: (rule.severity, f"{rule.condition} ({rule.severity})") for rule in table.row_rules}
    tables = {rule.name: ("warning", f"{rule.metric} {rule.expected} ({rule.severity})") for rule in table.table_rules}
    return rows | tables
