"""The events Cartlake sends to its own EventBridge bus: their names and their fields.

The name of a model is the event's `detail-type`, its fields are the `detail`. Terraform's event patterns name the same
events; a test compares both. docs/ingestion.md lists them.
"""

from typing import Final

from pydantic import BaseModel, ConfigDict

from cartlake.runs.documents import RowCounts
from cartlake.runs.ids import Workflow

SOURCE: Final = "cartlake"
"""The `source` of every event."""


class Event(BaseModel):
    """Base of all events. Fields that are None are left out of the detail."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def detail_type(cls) -> str:
        """Return the name EventBridge rules match, e.g. `FileValidated`."""
        return cls.__name__

    def detail(self) -> str:
        """Return the detail as JSON text, as EventBridge's `Detail` takes it."""
        return self.model_dump_json(exclude_none=True)


class FileEvent(Event):
    """Fields of every event about a file: its dataset, its id in the ledger, and its bucket and key."""

    dataset: str
    file_id: str
    bucket: str
    key: str


class FileValidated(FileEvent):
    """A file can be loaded. `size` in bytes as stored, `sha256` in hex of those bytes."""

    size: int
    sha256: str | None


class FileDuplicate(FileEvent):
    """A file has the same content as another one, so it is not loaded. `duplicate_of` is the other file's id."""

    duplicate_of: str | None


class FileRejected(FileEvent):
    """A file cannot be loaded. `reason` is a code, `message` explains it, `reason_uri` is its reason.json."""

    reason: str | None
    message: str | None
    reason_uri: str


class RunEvent(Event):
    """Fields of every event about a run; `dataset` is None for a refresh and for maintenance."""

    workflow: Workflow
    dataset: str | None = None
    run_id: str


class RunSucceeded(RunEvent):
    """A run ended and all its changes are visible to readers.

    A load has its `rows` and the number of `files` they came from; a refresh has the names of the
    `tables` in its report; maintenance has the `outcomes` by table.
    """

    rows: RowCounts | None = None
    files: int | None = None
    tables: list[str] | None = None
    outcomes: dict[str, str] | None = None


class RunFailed(RunEvent):
    """A run failed: `error` is the name of the error, `cause` its message."""

    error: str | None
    cause: str | None


EVENTS: Final = (FileValidated, FileDuplicate, FileRejected, RunSucceeded, RunFailed)
"""All events."""
