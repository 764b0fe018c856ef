"""All places of a lake that hold rows of people, in the order in which a person is removed from them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

from pyiceberg.exceptions import NoSuchTableError

from cartlake import contracts
from cartlake.erasure.person_columns import person_columns
from cartlake.tables.catalog import load_catalog
from cartlake_cli.erasure.copies import Copies
from cartlake_cli.erasure.people import mentioning_rows, named_rows
from cartlake_cli.erasure.raw_files.raw import RawZone
from cartlake_cli.erasure.raw_files.records import Columns
from cartlake_cli.erasure.tables import TableEraser
from cartlake_cli.named_tables import placement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pyiceberg.table import Table as IcebergTable

    from cartlake.contracts import Table
    from cartlake_cli.context import Lake
    from cartlake_cli.erasure.subject import Subject

QUARANTINE: Final = "ops.quarantine_rows"
_RAW_RECORD: Final = "raw_record"


@dataclass(frozen=True)
class Place:
    """One place: `count` returns what is there of the person, `erase` removes it; both may be repeated."""

    name: str
    count: Callable[[], Mapping[str, int]]
    erase: Callable[[], object]


@dataclass(frozen=True)
class Places:
    """The places of one lake."""

    lake: Lake
    tables: Mapping[str, Table] = field(
        default_factory=lambda: {one.physical_name: one for each in contracts.load_all() for one in each.tables}
    )

    @cached_property
    def columns(self) -> Mapping[str, tuple[str, ...]]:
        """Return the columns that name a person, by table."""
        return person_columns(contracts.load_all())

    def stored(self, name: str) -> IcebergTable | None:
        """Return a table by its physical name in contracts, None where it was not created yet."""
        try:
            return load_catalog().load_table(placement(self.lake).identifier(self.tables[name]))
        except NoSuchTableError:
            return None

    def of(self, subject: Subject, run_id: str) -> Iterator[Place]:
        """Yield the places of the person. Raw files come first: from them all else could be built again."""
        buckets, ledger = self.lake.outputs.buckets, self.lake.ledger
        raw = RawZone(buckets["raw"], buckets["artifacts"], ledger, subject, self._file_columns())
        yield Place("raw files", lambda: raw.count().as_dict(), raw.erase)
        for name in [*self.columns, QUARANTINE]:
            if (stored := self.stored(name)) is not None:
                eraser = self._eraser(name, stored, subject, run_id)
                yield Place(name, lambda one=eraser: one.count().as_dict(), eraser.erase)  # type: ignore[misc]
        for name, copies in {
            "rejected files": Copies(buckets["quarantine"], subject, prefix="rejected/"),
            "exports": Copies(buckets["exports"], subject, whole_folders=True),
            "query results": Copies(buckets["athena-results"], subject),
            "run documents": Copies(buckets["artifacts"], subject, documents=True),
        }.items():
            yield Place(name, copies.count, copies.erase)
        mention = subject.mention
        yield Place(
            "notes of the ledger",
            lambda: {"items": ledger.erasures.notes_with(mention)},
            lambda: ledger.erasures.redact(mention),
        )

    def _eraser(self, name: str, stored: IcebergTable, subject: Subject, run_id: str) -> TableEraser:
        if name == QUARANTINE:
            return TableEraser(stored, [_RAW_RECORD], mentioning_rows(subject, _RAW_RECORD), run_id)
        return TableEraser(stored, self.columns[name], named_rows(subject, self.columns[name]), run_id)

    def _file_columns(self) -> Mapping[str, Columns]:
        return {
            one.name: Columns(one, self.columns[one.table.physical_name])
            for one in contracts.load_all()
            if one.droppable and one.table.physical_name in self.columns
        }
