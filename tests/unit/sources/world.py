"""A source of a few records, a ledger and a raw bucket in memory, and faults at any step of a sync."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cartlake.ledger.items.table import ConflictError
from cartlake.ledger.sources import LEASE, SourceLedger
from cartlake.times import stamp
from sources.errors import SourceUnavailableError
from sources.model import Page, SourceInfo
from sources.sync import Syncer

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
OVERLAP = timedelta(minutes=10)
PAGE_ROWS = 3
INFO = SourceInfo("records", "updated_at", OVERLAP)


class Killed(BaseException):
    """The process is gone."""


@dataclass
class Faults:
    """What goes wrong: pairs of the number of steps that go well before, and what happens then."""

    planned: list[tuple[int, str]] = field(default_factory=list)
    rival = None

    def step(self):
        if not self.planned:
            return
        left, kind = self.planned[0]
        if left:
            self.planned[0] = (left - 1, kind)
            return
        self.planned.pop(0)
        if kind == "kill":
            raise Killed
        if kind == "rival" and self.rival:
            later, self.planned = self.planned, []
            self.rival()
            self.planned = later
        elif kind == "fail":
            raise SourceUnavailableError("out of order")

    @contextmanager
    def around(self):
        """A step may fail before it had its effect, and after it."""
        self.step()
        yield
        self.step()


class MemoryTable:
    """What SourceLedger needs of the DynamoDB table."""

    def __init__(self, faults):
        self.items, self.faults = {}, faults

    def get(self, key):
        with self.faults.around():
            return self.items.get(key)

    def query(self, pk, _prefix=""):
        return [item for key, item in sorted(self.items.items(), key=str) if key.pk == pk]

    def write(self, action):
        with self.faults.around():
            found, (_, *wanted) = self.items.get(action.key), action.condition.get_expression()["values"]
            if (found or {}).get("revision") != (wanted[0] if wanted else None):
                raise ConflictError(frozenset({0}))
            self.items[action.key] = {name: value for name, value in action.attributes.items() if value is not None}


class MemoryFiles:
    def __init__(self, faults):
        self.files, self.faults = {}, faults

    def find(self, key):
        with self.faults.around():
            return self.files.get(key)

    def create(self, key, file):
        with self.faults.around():
            assert file.rows, "an empty file"
            return self.files.setdefault(key, file) is file

    @property
    def rows(self):
        return [row for _, file in sorted(self.files.items()) for row in file.rows]


@dataclass
class Version:
    record: int
    modified: datetime
    visible: datetime


class World:
    """Records that change while they are read, by a clock that goes on at every look."""

    info = INFO

    def __init__(self, planned=(), changes=()):
        self.time, self.versions, self.changes = START, [], list(changes)
        self.faults = Faults(list(planned))
        self.faults.rival = self.read_by_another
        self.table, self.files = MemoryTable(self.faults), MemoryFiles(self.faults)
        self.ledger = SourceLedger(self.table)

    def now(self):
        with self.faults.around():
            return self.tick()

    def tick(self, **passed):
        self.time += timedelta(**(passed or {"seconds": 1}))
        return self.time

    def change(self, record, lag=timedelta()):
        self.versions.append(Version(record, self.tick(), self.time + lag))

    def syncer(self, **options):
        return Syncer(self.ledger, self.files, now=self.tick, **{"rows_per_file": 4, **options})

    def sync(self, **options):
        return self.syncer(**options).sync(self)

    def read_by_another(self):
        self.tick(seconds=LEASE.total_seconds() + 60)
        self.sync()

    def found(self, window, after):
        """The newest visible version of each record, where it is in the window, by id."""
        newest = {}
        for version in self.versions:
            if version.visible <= self.time:
                newest[version.record] = version
        since = window.since or datetime.min.replace(tzinfo=UTC)
        return [
            newest[record]
            for record in sorted(newest)
            if record > after and since <= newest[record].modified <= window.until
        ]

    def pages(self, window, cursor):
        after = int(cursor or 0)
        while True:
            with self.faults.around():
                self.tick()
                found = self.found(window, after)
            page, more = found[:PAGE_ROWS], found[PAGE_ROWS:]
            after = page[-1].record if page else after
            yield Page(tuple(map(row_of, page)), str(after) if more else None)
            if not more:
                return
            if self.changes:
                self.change(*self.changes.pop(0))


def row_of(version):
    return {"id": version.record, "updated_at": stamp(version.modified)}
