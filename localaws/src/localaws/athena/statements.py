"""The engine's input and output. Imports nothing heavy, because the server imports it before the first query."""

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
    """A query as it was submitted; EXECUTE is replaced by the statement that it names."""

    text: str
    database: str = "default"
    parameters: tuple[str, ...] = ()
    result_location: str = ""  # s3://… under which this query may write files of its own
    scan_limit_bytes: int | None = None  # the workgroup's BytesScannedCutoffPerQuery


@dataclass
class Outcome:
    """The outcome of a statement. `body` is the result object: CSV for a query, lines of text for other statements."""

    columns: list[tuple[str, TrinoType]] = field(default_factory=list)
    body: bytes = b""
    row_count: int | None = None  # rows written, for statements that write
    scanned_bytes: int = 0
    files: list[str] | None = None  # written to a table of plain files or by UNLOAD; None for any other statement
    planning_seconds: float = 0.0
    files_read: list[str] = field(default_factory=list)  # data files of Iceberg tables that a query opened


class Running:
    """Cancels a statement from another thread."""

    def __init__(self) -> None:
        self._cursor: duckdb.DuckDBPyConnection | None = None
        self._lock = threading.Lock()
        self.cancelled = False

    def started(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Keep the cursor of the statement. Raises QueryCancelledError when it was cancelled before it started."""
        with self._lock:
            self._cursor = cursor
            if self.cancelled:
                raise QueryCancelledError

    def cancel(self) -> None:
        """Interrupt the statement now, or as soon as it starts."""
        with self._lock:
            self.cancelled = True
            if self._cursor is not None:
                self._cursor.interrupt()
