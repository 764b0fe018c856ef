"""A vendor with files in memory, a ledger and a raw bucket in memory, and faults at any step of a read."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cartlake.ledger.items.leases import LEASE
from cartlake.ledger.items.table import ConflictError, Table
from cartlake.ledger.sftp import SftpLedger
from sources.errors import SourceUnavailableError
from sources.sftp.fetching import Fetcher, Folder
from sources.sftp.judging import FileLimits
from sources.sftp.model import FileChangedError, RemoteFile
from tests.unit.sources.world import Faults

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
SETTLE = timedelta(seconds=60)
LIMITS = FileLimits(1_000_000, "sftp.acme.max_mb of the module lake")


class MemoryTable(Table):
    """What SftpLedger needs of the DynamoDB table."""

    def __init__(self, faults):
        self.items, self.faults = {}, faults

    def get(self, key):
        with self.faults.around():
            return self.items.get(key)

    def query(self, pk, sk_prefix="", *, limit=None):
        assert limit is None
        with self.faults.around():
            return [one for key, one in self.items.items() if key.pk == pk and key.sk.startswith(sk_prefix)]

    def write(self, *actions):
        assert len({action.key for action in actions}) == len(actions) <= 100, "DynamoDB refuses such a transaction"
        with self.faults.around():
            failed = [n for n, one in enumerate(actions) if not holds(one.condition, self.items.get(one.key))]
            if failed:
                raise ConflictError(frozenset(failed))
            for action in actions:
                if action.kind == "Delete":
                    self.items.pop(action.key, None)
                else:
                    self.items[action.key] = {k: v for k, v in action.attributes.items() if v is not None}


def holds(condition, item):
    if condition is None:
        return True
    wanted = condition.get_expression()
    if wanted["operator"] == "attribute_not_exists":
        return item is None
    return (item or {}).get("revision") == wanted["values"][1]


class MemoryObjects:
    def __init__(self, faults):
        self.objects, self.faults = {}, faults

    def create(self, content, body):
        with self.faults.around():
            body.seek(0)
            self.objects.setdefault(content.key, body.read())


@dataclass
class Held:
    content: bytes
    modified: int
    unfinished: bytes = b""
    """What is still to be written of an upload: a byte comes with each listing."""


class Vendor:
    """A folder with files, by a clock that goes on at every step; `during` are actions in the middle of copies."""

    def __init__(self, planned=(), during=()):
        self.time, self.held, self.during = START, {}, list(during)
        self.finished = set()
        """All contents that were ever whole under a final name."""
        self.faults = Faults(list(planned))
        self.faults.rival = self.read_by_another
        self.table, self.objects = MemoryTable(self.faults), MemoryObjects(self.faults)
        self.ledger = SftpLedger(self.table)

    def tick(self, seconds=1.0):
        self.time += timedelta(seconds=seconds)
        return self.time

    @property
    def second(self):
        return int(self.tick().timestamp())

    def put(self, name, content):
        self.held[name] = Held(content, self.second)
        self._finish()

    def begin(self, name, content):
        """Begin to upload under the final name."""
        self.held[name] = Held(content[:1], self.second, content[1:])
        self._finish()

    def rename(self, old, new):
        if old in self.held and not self.held[old].unfinished:
            self.held[new] = self.held.pop(old)
            self._finish()

    def delete(self, name):
        self.held.pop(name, None)

    def act(self, kind, first, second, content):
        match kind:
            case "put":
                self.put(first, content)
            case "begin":
                self.begin(first, content)
            case "temporary":
                self.held[f"{first}.part"] = Held(content, self.second)
                self.rename(f"{first}.part", first)
            case "rename":
                self.rename(first, second)
            case "delete":
                self.delete(first)

    def _finish(self):
        self.finished |= {
            held.content for name, held in self.held.items() if not held.unfinished and not name.endswith(".part")
        }

    def _upload(self):
        for held in self.held.values():
            if held.unfinished:
                held.content, held.unfinished = held.content + held.unfinished[:1], held.unfinished[1:]
                held.modified = self.second
        self._finish()

    def files(self):
        with self.faults.around():
            self._upload()
            return [remote(name, held) for name, held in self.held.items()]

    def copy(self, file, target, tick):
        with self.faults.around():
            half = self._held(file).content[: file.size // 2]
            tick(len(half))
            if self.during:
                self.act(*self.during.pop(0))
            tick(file.size)
            held = self._held(file)
            now = remote(file.path, held)
            if (now.size, now.modified) != (file.size, file.modified):
                raise FileChangedError(now)
            content = half + held.content[len(half) :]
            target.write(content)
            return hashlib.sha256(content).hexdigest()

    def _held(self, file):
        if file.path not in self.held:
            raise FileChangedError(None)
        return self.held[file.path]

    def fetcher(self, **options):
        return Fetcher(self.ledger, self.objects, **{"now": self.tick, **options})

    def folder(self, limits=LIMITS):
        return Folder("acme", "transactions", self, SETTLE, limits)

    def fetch(self, **options):
        return self.fetcher(**options).fetch(self.folder())

    def fetch_settled(self, **options):
        """List, wait, and read what is finished."""
        self.fetch()
        self.tick(SETTLE.total_seconds())
        return self.fetch(**options)

    def read_by_another(self):
        self.tick(LEASE.total_seconds() + 60)
        self.fetch()

    @property
    def landed(self):
        """The contents in the raw bucket."""
        return list(self.objects.objects.values())


def remote(name, held):
    return RemoteFile(name, name.encode(), len(held.content), held.modified)


def unavailable(*_):
    raise SourceUnavailableError("out of order")
