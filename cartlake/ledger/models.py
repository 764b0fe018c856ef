"""What the ledger remembers: files, runs and locks, with the states they go through."""

from datetime import date
from enum import StrEnum
from hashlib import sha256

from pydantic import BaseModel, ConfigDict

from cartlake.errors import TerminalError
from cartlake.refresh.graph import Scope
from cartlake.runs import ids
from cartlake.runs.documents import EngineChoice, FileFormat, Load, RowCounts

UNKNOWN_DATASET = "_unknown"
"""The dataset of files that lie outside every known dataset's folder."""


class UnknownFileError(TerminalError):
    """No file with this id was ever received."""


class LockHeldError(TerminalError):
    """Another run holds the dataset. Retrying this run cannot help; the holder will take the waiting files."""


class FileState(StrEnum):
    RECEIVED = "RECEIVED"
    VALIDATED = "VALIDATED"
    REJECTED = "REJECTED"
    DUPLICATE = "DUPLICATE"
    CLAIMED = "CLAIMED"
    LOADED = "LOADED"
    FAILED = "FAILED"


class RunState(StrEnum):
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


class Record(BaseModel):
    # The table's key attributes lie beside ours in an item; a record is only what people ask about.
    model_config = ConfigDict(frozen=True, extra="ignore")


class ObjectVersion(Record):
    """One version of one object, `size` in bytes as stored; a bucket without versions tells them apart by `etag`."""

    bucket: str
    key: str
    version_id: str | None = None
    etag: str
    size: int

    @property
    def file_id(self) -> str:
        """The same event, however often it is delivered, is the same file."""
        return sha256(f"{self.bucket}\n{self.key}\n{self.version_id or self.etag}".encode()).hexdigest()[:32]


class FileRecord(Record):
    """One version of one raw object. `size` in bytes as stored, `expanded_size` once decompressed; `reason` is a code, `detail` says it to people."""

    file_id: str
    dataset: str
    bucket: str
    key: str
    version_id: str | None = None
    etag: str
    size: int
    state: FileState
    reason: str | None = None
    detail: str | None = None
    sha256: str | None = None
    contract_version: str | None = None
    format: FileFormat | None = None
    row_estimate: int | None = None
    expanded_size: int | None = None
    received_at: str
    updated_at: str
    run_id: str | None = None
    duplicate_of: str | None = None
    loads: list[Load] = []

    @property
    def uri(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    @property
    def all_loads(self) -> list[Load]:
        """Every reading of the file whose rows may be in the table; a file claimed by older releases has no list."""
        return self.loads or [Load(source_file=self.uri, run_id=str(self.run_id))]


class Content(Record):
    """What validation found out about a good file; `expanded_size` in bytes once decompressed."""

    sha256: str
    contract_version: str
    format: FileFormat
    row_estimate: int
    expanded_size: int | None = None


class Backfill(Record):
    """A request to read again all files of a dataset received from `first` to `last` day, both included."""

    request_id: str
    dataset: str
    first: date
    last: date
    requested_at: str

    def __str__(self) -> str:
        return f"{self.first}" if self.first == self.last else f"{self.first} to {self.last}"


class RunRecord(Record):
    """One run. `files` counts the files it claimed; `counts` and `cost_usd` are known once it has succeeded.

    `engine` is the one that loads its files, None where nobody chose. `fallback` is why the light engine gave up.

    `subject` is the dataset whose files it loads, or the name of its workflow where that works for all datasets.
    """

    run_id: str
    subject: str
    state: RunState
    files: int = 0
    counts: RowCounts | None = None
    error: str | None = None
    cause: str | None = None
    started_at: str
    ended_at: str | None = None
    execution_arn: str | None = None
    report_uri: str | None = None
    backfill: Backfill | None = None
    engine: EngineChoice | None = None
    fallback: str | None = None
    cost_usd: float | None = None

    @property
    def workflow(self) -> ids.Workflow:
        """What the run does."""
        return ids.workflow_of(self.subject)

    @property
    def dataset(self) -> str | None:
        """The dataset whose files the run loads, None for a refresh and for maintenance."""
        return ids.dataset_of(self.subject)


class Lock(Record):
    """The one run that may work on a dataset, or be the refresh or the maintenance that is at work."""

    subject: str
    run_id: str
    execution_arn: str | None = None
    acquired_at: str


class Fallback(Record):
    """A batch of a dataset that the light engine gave up: `size` in expanded bytes, `error` as AWS names it.

    Until `expires_at`, batches of at least that size go to Spark.
    """

    subject: str
    run_id: str
    error: str
    size: int
    at: str
    expires_at: str


class StaleMark(Record):
    """Rows of a table that changed in a run, or whose rebuilding was requested: work for the refresh."""

    table: str
    run_id: str
    scope: Scope
