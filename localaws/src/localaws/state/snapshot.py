"""Writes the state of all services to disk, so that the files are consistent after a kill at any moment.

Each file is replaced, never rewritten. Queues are read before everything else and replaced after everything else, so
that a crash may deliver a message twice but never loses the effect of a message that was deleted. For the same reason
tables that record what was done (DynamoDB) are read before the catalog that has the effect (Glue): work may be on
record as not done although it was, and is repeated, but never the other way round. Large byte strings (layers) are
stored once by their hash, so that to save an unchanged service costs almost nothing.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

logger = logging.getLogger("localaws.state.snapshot")

BLOB_KEY = "__localaws_blob__"
BLOB_MIN_BYTES = 64 * 1024
# A request may change a dict while it is copied; the next attempt nearly always finds it unchanged.
COPY_ATTEMPTS = 5
FIRST_READ = ("sqs", "eventbridge", "sns")
# A table's new snapshot is a pointer in Glue; a record in DynamoDB that rows were loaded must never be newer than it.
LAST_READ = ("dynamodb", "glue")


class Log(Protocol):
    """What was logged since the last save."""

    def rotate(self) -> int:
        """Begin a new file and return its number."""

    def drop_before(self, number: int) -> None:
        """Delete the files with lower numbers."""

    def references(self) -> set[str]:
        """Return the digests of the byte strings that the remaining files refer to."""


class BlobStore:
    """Content-addressed byte strings in one directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        # Hashing 60 MB at every save would cost more than the save: bytes never change, so their identity is enough.
        self._known: dict[int, tuple[bytes, str]] = {}
        # Requests store the same layer at the same time, while a save deletes what nothing refers to.
        self._changing = threading.Lock()

    def put(self, content: bytes) -> str:
        """Store the content unless it is stored already; return its SHA-256."""
        known = self._known.get(id(content))
        if known is not None:
            return known[1]
        digest = hashlib.sha256(content).hexdigest()
        path = self._directory / digest
        with self._changing:
            if not path.exists():
                self._directory.mkdir(parents=True, exist_ok=True)
                temporary = path.with_suffix(".tmp")
                temporary.write_bytes(content)
                temporary.replace(path)
            self._known[id(content)] = (content, digest)
        return digest

    def get(self, digest: str) -> bytes:
        """Return the content. Raises OSError when it was deleted."""
        return (self._directory / digest).read_bytes()

    def keep_only(self, digests: set[str]) -> None:
        """Delete every content whose digest is not among these."""
        if not self._directory.is_dir():
            return
        with self._changing:
            for path in self._directory.iterdir():
                if path.name not in digests:
                    path.unlink(missing_ok=True)
            self._known = {key: known for key, known in self._known.items() if known[1] in digests}


class Snapshots:
    """Saves services that changed since their last save.

    `encode(service, state, put)` returns the text of one service's file, storing large byte strings with `put`.
    """

    def __init__(self, directory: Path, encode: Callable[[str, Any, Callable[[bytes], str]], str]) -> None:
        self._directory = directory
        self._encode = encode
        self._blobs = BlobStore(directory / "blobs")
        self._saved: dict[str, str] = {}
        self._references: dict[str, set[str]] = {}
        self._unread: set[str] = set()
        self._lock = threading.Lock()

    @property
    def blobs(self) -> BlobStore:
        """The byte strings the saved files refer to."""
        return self._blobs

    def save(self, services: Mapping[str, Callable[[], Any]], log: Log | None = None) -> list[str]:
        """Save every service whose state changed; return their names. A service that cannot be read is logged.

        The files of `log` that this makes superfluous are deleted, unless a service could not be read.
        """
        with self._lock:
            number = log.rotate() if log else 0
            changed = self._read_changed(services)
            self._replace(changed)
            self._saved |= {name: _digest(text) for name, text in changed.items()}
            if log and not self._unread:
                log.drop_before(number)
            # After the log, which may refer to byte strings that the files do not.
            self._blobs.keep_only(set().union(*self._references.values(), log.references() if log else ()))
            return sorted(changed)

    def _read_changed(self, services: Mapping[str, Callable[[], Any]]) -> dict[str, str]:
        changed: dict[str, str] = {}
        self._unread.clear()
        for name in reading_order(services):
            text = self._read(name, services[name])
            if text is not None and self._saved.get(name) != _digest(text):
                changed[name] = text
        return changed

    def _read(self, name: str, get_state: Callable[[], Any]) -> str | None:
        for attempt in range(COPY_ATTEMPTS):
            references: set[str] = set()
            try:
                state = get_state()
                if state is None:
                    return None
                text = self._encode(name, state, self._recording(references))
            except RuntimeError as problem:
                logger.debug("state of %s changed while it was read (%s), attempt %d", name, problem, attempt + 1)
            except Exception:
                logger.exception("cannot save the state of %s", name)
                self._unread.add(name)
                return None
            else:
                self._references[name] = references
                return text
        logger.warning("state of %s keeps changing; it is saved next time", name)
        self._unread.add(name)
        return None

    def _recording(self, references: set[str]) -> Callable[[bytes], str]:
        def put(content: bytes) -> str:
            digest = self._blobs.put(content)
            references.add(digest)
            return digest

        return put

    def _replace(self, texts: Mapping[str, str]) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (self._directory / f"{name}.json.tmp").write_text(text, encoding="utf-8")
        for name in reversed(list(texts)):
            (self._directory / f"{name}.json.tmp").replace(self._directory / f"{name}.json")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def reading_order(services: Iterable[str]) -> list[str]:
    """Return the order to read services in: queues and events first; records, then their effects, last."""
    return sorted(services, key=rank)


def rank(service: str) -> int:
    """Return the place of a service in the order of reading."""
    if service in FIRST_READ:
        return FIRST_READ.index(service)
    return len(FIRST_READ) + (1 + LAST_READ.index(service) if service in LAST_READ else 0)
