"""The records of the ledger: files, runs, locks, backfills and stale tables, and their states."""

from datetime import date, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Final

from pydantic import BaseModel, ConfigDict

from cartlake.errors import TerminalError
from cartlake.refresh.graph import Scope
from cartlake.runs import ids
from cartlake.runs.documents import EngineChoice, FileFormat, Load, RowCounts
from cartlake.times import parse, stamp

UNKNOWN_DATASET = "_unknown"
"""The dataset of files that are in the folder of no known dataset."""


class UnknownFileError(TerminalError):
    """No file with this id was ever received."""


class BackfillOpenError(TerminalError):
    """A backfill of the dataset is not done yet, and there is one at a time."""


class LockHeldError(TerminalError):
    """Another run holds the lock of the dataset. Do not retry: that run, or the next one, claims the waiting files."""


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


class BackfillState(StrEnum):
    """`FAILED`: a slice failed, and the others wait until the user resumes or cancels the backfill."""

    ACTIVE = "ACTIVE"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    DONE = "DONE"


class Record(BaseModel):
    # An item also has the attributes of keys and indexes, which are no part of the record.
    model_config = ConfigDict(frozen=True, extra="ignore")


class ObjectVersion(Record):
    """One version of one object, `size` in bytes as stored. Without bucket versioning, `etag` names the version."""

    bucket: str
    key: str
    version_id: str | None = None
    etag: str
    size: int

    @property
    def file_id(self) -> str:
        """Return the id of the file: 32 hex digits, the same each time the event is delivered."""
        return sha256(f"{self.bucket}\n{self.key}\n{self.version_id or self.etag}".encode()).hexdigest()[:32]


_LESS_THAN_A_SECOND: Final = timedelta(microseconds=999_999)


class FileRecord(Record):
    """One version of one raw object. `size` in bytes as stored, `expanded_size` in bytes once decompressed.

    `written_at` is when its content was first written to S3. `loads_again`: content that was loaded before is loaded
    again, as of a full copy or where the file received last wins. `accepts_deletes`: a user has let a full copy delete
    more keys than its contract allows.
    `reason` is a code, `detail` explains it.
    """

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
    written_at: str | None = None
    loads_again: bool = False
    accepts_deletes: bool = False
    version_of: str | None = None
    """The id of the file that this version of its object is, without the rows of a person who was erased."""

    @property
    def version(self) -> ObjectVersion:
        """Return the version of the object. Its own id is another than that of the file where an erasure rewrote it."""
        return ObjectVersion.model_validate(self.model_dump())

    @property
    def reception(self) -> str:
        """Return the key by which files are ordered: when it was received, then its id."""
        return f"{self.received_at}#{self.file_id}"

    @property
    def recency(self) -> str:
        """Return the key by which full copies of a table are ordered: when it was written, then when received."""
        return f"{self.written_at or self.received_at}#{self.reception}"

    @property
    def moment(self) -> str:
        """Return when the content was written to S3; files of one second, which S3 does not tell apart, as received."""
        received = parse(self.received_at)
        written = parse(self.written_at) if self.written_at else received
        return stamp(written + min(max(received - written, timedelta()), _LESS_THAN_A_SECOND))

    @property
    def uri(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    @property
    def all_loads(self) -> list[Load]:
        """Return every load of the file whose rows may be in the table. Files claimed by old releases have no list."""
        return self.loads or [Load(source_file=self.uri, run_id=str(self.run_id))]


class Content(Record):
    """The result of validating a file that can be loaded; the members are those of FileRecord."""

    sha256: str
    contract_version: str
    format: FileFormat
    row_estimate: int
    expanded_size: int | None = None
    written_at: str | None = None
    loads_again: bool = False


class Backfill(Record):
    """A request to read again all files of a dataset received from `first` to `last`, both days included.

    It is done in `slices`, whose number is None until its first run has cut them; `position` of them were begun.
    `files_next`: whether files that wait are loaded before the next slice. `before` is the snapshot of the table from
    before the first slice that withdrew rows.
    """

    request_id: str
    dataset: str
    first: date
    last: date
    requested_at: str
    state: BackfillState = BackfillState.ACTIVE
    slices: int | None = None
    position: int = 0
    files_next: bool = False
    before: str | None = None

    def __str__(self) -> str:
        return days_of(self.first, self.last)

    @property
    def is_open(self) -> bool:
        """Return whether slices are left, also where one has failed and the others wait for the user."""
        return self.state in (BackfillState.ACTIVE, BackfillState.FAILED)

    @property
    def is_waiting(self) -> bool:
        """Return whether the next run of the dataset may begin a slice."""
        return self.state is BackfillState.ACTIVE and (self.slices is None or self.position < self.slices)


class Slice(Record):
    """A part of a backfill, which is one run: the `number`th, of files received from `first` to `last`, whole days.

    Its files are those from `first_key` to `last_key` in the order of reception or, with `of_run`, those of that run.
    `size` is in expanded bytes. `again`: its files are read a second time. `run_id` is the run that did it last;
    `outranked` counts its rows that lost to rows of files which were not read again yet.
    """

    number: int
    first: date
    last: date
    first_key: str
    last_key: str
    files: int
    size: int
    rows: int
    again: bool = False
    of_run: str | None = None
    run_id: str | None = None
    outranked: int = 0

    def __str__(self) -> str:
        return days_of(self.first, self.last)


def days_of(first: date, last: date) -> str:
    """Return a range of days as people read it."""
    return f"{first}" if first == last else f"{first} to {last}"


class RunRecord(Record):
    """One run. `files` is the number of files it claimed; `counts` and `cost_usd` are None until it has succeeded.

    Of its published rows `deletes` delete their key, and so `deleted` rows left the table.
    `engine` is the one that loads its files; `fallback` says why the light engine gave them up, None if it did not.
    In a backfill `slice` is the part that it reads again, and `backfill` the request as it was then.
    `repeats` is how often it was repeated because its table had been compacted meanwhile.

    `subject` is the dataset whose files it loads, `refresh` or `maintenance`.
    """

    run_id: str
    subject: str
    state: RunState
    files: int = 0
    counts: RowCounts | None = None
    deletes: int = 0
    deleted: int = 0
    error: str | None = None
    cause: str | None = None
    started_at: str
    ended_at: str | None = None
    execution_arn: str | None = None
    report_uri: str | None = None
    backfill: Backfill | None = None
    slice: Slice | None = None
    engine: EngineChoice | None = None
    fallback: str | None = None
    repeats: int = 0
    cost_usd: float | None = None

    @property
    def workflow(self) -> ids.Workflow:
        """Return the workflow of the run."""
        return ids.workflow_of(self.subject)

    @property
    def dataset(self) -> str | None:
        """Return the dataset whose files the run loads, None for a refresh and for maintenance."""
        return ids.dataset_of(self.subject)


class Lock(Record):
    """The one run that may write to a dataset, or be the running refresh or maintenance."""

    subject: str
    run_id: str
    execution_arn: str | None = None
    acquired_at: str


class NextRun(Record):
    """A run of a dataset, or the refresh, that has an execution and waits until `starts_at`, gathering files."""

    subject: str
    run_id: str
    execution_arn: str
    starts_at: str


class Announcement(Record):
    """When a sweep announced a file last, and how often it did."""

    at: str
    times: int


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
    """Rows of a table that changed in a run, or that a user wants rebuilt: work for the refresh.

    `retried` marks were claimed by a refresh that failed; it may have rebuilt a table and not those built from it.
    """

    table: str
    run_id: str
    scope: Scope
    retried: bool = False
