"""The events Cartlake sends to its own EventBridge bus: their names, and what each tells.

The name of a model is the event's `detail-type`, its fields are the `detail`. Terraform's event patterns name the same
events; a test holds both together. docs/ingestion.md lists them.
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
        """The JSON text EventBridge takes."""
        return self.model_dump_json(exclude_none=True)


class FileEvent(Event):
    """What every event about a file holds: its dataset, its id in the ledger, and where it lies."""

    dataset: str
    file_id: str
    bucket: str
    key: str


class FileValidated(FileEvent):
    """A file can be loaded. `size` in bytes as stored, `sha256` in hex of those bytes."""

    size: int
    sha256: str | None


class FileDuplicate(FileEvent):
    """A file has the content of another one, which stands for both."""

    duplicate_of: str | None


class FileRejected(FileEvent):
    """A file cannot be loaded: a code for machines, a message for people, and where its reason.json lies."""

    reason: str | None
    message: str | None
    reason_uri: str


class RunEvent(Event):
    """What every event about a run holds; `dataset` only where it loaded files of one."""

    workflow: Workflow
    dataset: str | None = None
    run_id: str


class RunSucceeded(RunEvent):
    """A run is over and everything it did is visible.

    A load tells its `rows` and how many `files` they came from; a refresh names the `tables` it looked at; maintenance
    tells the `outcomes` by table.
    """

    rows: RowCounts | None = None
    files: int | None = None
    tables: list[str] | None = None
    outcomes: dict[str, str] | None = None


class RunFailed(RunEvent):
    """A run failed: `error` is the class of the fault, `cause` its text."""

    error: str | None
    cause: str | None


EVENTS: Final = (FileValidated, FileDuplicate, FileRejected, RunSucceeded, RunFailed)
"""All events there are."""
