"""What goes into the engine and comes out of it. Light to import: the server does, before anyone queries."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from localaws.athena.errors import QueryCancelledError

if TYPE_CHECKING:
    import duckdb

    from localaws.athena.trino_types import TrinoType


@dataclass(frozen=True)
class Statement:
    """A query as it was submitted, after EXECUTE was replaced by the statement it names."""

    text: str
    database: str = "default"
    parameters: tuple[str, ...] = ()
    result_location: str = ""  # s3://… under which this query may write files of its own
    scan_limit_bytes: int | None = None  # the workgroup's BytesScannedCutoffPerQuery


@dataclass
class Outcome:
    """What a statement gave. `body` is the result object: CSV for rows of a query, lines of text for the rest."""

    columns: list[tuple[str, TrinoType]] = field(default_factory=list)
    body: bytes = b""
    row_count: int | None = None  # rows written, for statements that write
    scanned_bytes: int = 0
    files: list[str] = field(default_factory=list)  # written by CREATE TABLE AS and UNLOAD
    files_read: list[str] = field(default_factory=list)  # data files of Iceberg tables that a query opened


class Running:
    """A handle to stop a statement from another thread."""

    def __init__(self) -> None:
        self._cursor: duckdb.DuckDBPyConnection | None = None
        self._lock = threading.Lock()
        self.cancelled = False

    def started(self, cursor: duckdb.DuckDBPyConnection) -> None:
        with self._lock:
            self._cursor = cursor
            if self.cancelled:
                raise QueryCancelledError

    def cancel(self) -> None:
        with self._lock:
            self.cancelled = True
            if self._cursor is not None:
                self._cursor.interrupt()
