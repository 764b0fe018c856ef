"""The JSON documents of a run: the manifest it reads, the plan of a refresh, and the reports of the jobs.

Lambdas write manifests and read reports, Glue jobs read manifests and write reports. Both import these models, so that
they cannot disagree about the format.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from cartlake.refresh.graph import Scope, StaleTable

EngineName = Literal["light", "spark"]
Count = Annotated[int, Field(ge=0)]


class Document(BaseModel):
    """A JSON document between components: immutable, and unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class EngineChoice(Document):
    """The engine that does a step, and why in words: DuckDB in a function (`light`), or a job of Spark."""

    engine: EngineName
    reason: str


class FileFormat(Document):
    """How to read one file. `header` holds the columns in the file's own order; JSON lines have none.

    `line_bytes_at_most` is the length in bytes that no line of a text exceeds, None where it was not measured.
    `line_is_record` says of a CSV file that each of its lines is one record, or a malformed one, and that all readers
    agree about its quotes and line ends; with False, or None where it was not looked at, `cartlake.csv_records` splits
    it. Of JSON lines it says that no two objects meet in a line; else `cartlake.json_objects` splits them.
    `has_padding` says of a gzip file that zero bytes follow a member, which Hadoop's reader takes for damage.
    `names` has the columns that JSON lines and Parquet files call by other names than the contract, by these names; the
    header of a CSV file has the names of the contract.
    """

    kind: Literal["csv", "jsonl", "parquet"]
    compression: Literal["none", "gzip"] = "none"
    encoding: Literal["utf-8"] = "utf-8"
    delimiter: str = ","
    header: list[str] = []
    line_bytes_at_most: Count | None = None
    line_is_record: bool | None = None
    has_padding: bool = False
    names: dict[str, str] = {}


class Load(Document):
    """One load of a file by a run. Its rows have these values in `_source_file` and `_run_id`."""

    source_file: str
    run_id: str


class ManifestFile(Document):
    """One claimed file: `size` in bytes as stored, `sha256` in hex of those bytes.

    `expanded_size` is in bytes after decompression, None for a file that was validated before that was measured.
    `row_estimate` is the validator's. `source` names the file in `_source_file` where that is not `uri`: a backfill
    reads a copy of a version that was overwritten since. `loads` are the earlier loads whose rows a backfill replaces.
    `received_at` is when its content was first written to S3, None in documents of releases that did not record it.
    Where each file is the whole table, files are ordered by `recency`; `accepts_deletes`: this one may delete any keys.
    """

    file_id: str
    uri: str
    version_id: str | None
    etag: str
    size: Count
    sha256: str
    format: FileFormat
    expanded_size: Count | None = None
    row_estimate: Count | None = None
    source: str | None = None
    received_at: str | None = None
    loads: list[Load] = []
    recency: str = ""
    accepts_deletes: bool = False

    @property
    def source_file(self) -> str:
        """Return the `_source_file` of the rows of this file."""
        return self.source or self.uri


class BackfillPart(Document):
    """What a slice of a backfill has to know of the others: it is the `number`th of `slices`, newest files first.

    `unread` are the loads of files that later slices read again. `before` is a snapshot of the table from before any
    row was withdrawn, None as long as none was.
    """

    number: Count
    slices: Count
    unread: list[Load] = []
    before: str | None = None


class Manifest(Document):
    """Everything one run reads, fixed before the run starts. A `backfill` reads files that were loaded before.

    `newest_copy` is the recency of the newest full copy that was loaded before, empty for none.
    `engine` is None where nobody chose; a fallback to Spark changes it, and nothing else. `left_out` is how many files
    were taken out of it because they cannot be loaded.
    """

    run_id: str
    dataset: str
    contract_version: str
    created_at: str
    files: list[ManifestFile]
    backfill: bool = False
    part: BackfillPart | None = None
    newest_copy: str = ""
    engine: EngineChoice | None = None
    left_out: Count = 0


class RowCounts(Document):
    """The rows of a run by outcome. `duplicate` rows were loaded before, or a newer version of them is in the table."""

    read: Count
    published: Count
    quarantined: Count
    duplicate: Count

    @property
    def accounted_for(self) -> int:
        """Return the number of rows with a known outcome, which must be equal to `read`."""
        return self.published + self.quarantined + self.duplicate


class FileCount(Document):
    file_id: str
    rows_read: Count


class RuleCount(Document):
    """How many rows broke one row rule."""

    rule: str
    severity: Literal["error", "warning"]
    broken: Count


class Measurement(Document):
    """The number that a table rule measured on the audit branch; None when its query returned null."""

    rule: str
    value: float | None


class TransformReport(Document):
    """What a transform did. `snapshot_id` is the head of its audit branch, None when the run wrote nothing.

    Of the published rows `deletes` are rows that delete their key, which the table remembers without showing them, and
    `deleted` is the number of rows that left the table because of them, or because a full copy lacks their key.
    `spared` keys are not in a full copy either, and stay: they may be those of rows that cannot be read. `emptied`:
    deletes left no row on the days that the run touched, so that table rules had nothing to measure.
    Of a slice of a backfill: `withdrawn` counts rows that earlier loads of its files had added and that it removed
    without a new version; `returned` those that an earlier slice had withdrawn and that came back in an older version.
    `lowered` counts rows that it replaced by one of a lower version, `outranked` its own rows that lost to rows of
    files which are still to be read again.
    `size` are the bytes of the files that it wrote to the branch, None where that is not known.
    `phases` are seconds by name. `engine` is the one that did it, `cost_usd` the list price of this attempt.
    """

    run_id: str
    dataset: str
    table: str
    branch: str
    snapshot_id: str | None
    base_snapshot_id: str | None
    rows: RowCounts
    files: list[FileCount]
    row_rules: list[RuleCount] = []
    measurements: list[Measurement] = []
    touched_days: list[str] = []
    emptied: bool = False
    deletes: Count = 0
    deleted: Count = 0
    spared: Count = 0
    withdrawn: Count = 0
    returned: Count = 0
    lowered: Count = 0
    outranked: Count = 0
    size: Count | None = None
    started_at: str
    ended_at: str
    phases: dict[str, float] = {}
    engine: EngineChoice | None = None
    cost_usd: float | None = None


class SupersedeQuarantineReport(Document):
    """Quarantined rows after a published backfill: its own, which count now, and the older ones that they replace."""

    run_id: str
    dataset: str
    in_force: Count
    superseded: Count
    started_at: str
    ended_at: str


class Difference(Document):
    """Rows that only the table has (`stored`), or only its rebuilt copy (`rebuilt`), with one of them as an example."""

    only_in: Literal["stored", "rebuilt"]
    rows: Count
    example: dict[str, str | None]


class RefreshPlan(Document):
    """What one run of the refresh rebuilds, in order. With `check`, tables are rebuilt only to be compared.

    `changes` are the rows that changed; `tables` are all that may depend on them. A table is skipped when the tables
    it is built from turn out to be unchanged; not where the plan is `retried`: a refresh that failed may have rebuilt
    those already. `engine` is the one that was chosen for all of them, `size` the
    bytes of all files that are read or rebuilt, None where that is not known.
    """

    run_id: str
    created_at: str
    changes: dict[str, Scope] = {}
    tables: list[StaleTable]
    check: bool = False
    retried: bool = False
    engine: EngineChoice | None = None
    size: Count | None = None


class TableRefresh(Document):
    """The outcome for one table. `rows` is the number of rows built; an `unchanged` table had the same rows before.

    `differences` are the rows found by a check. Of a rebuilt table `read` has the snapshots of the tables that it was
    built from, by their names, and `size` the bytes of the files that were written, None where that is not known.
    """

    table: str
    scope: str
    outcome: Literal["rebuilt", "unchanged", "checked", "failed", "skipped"]
    rows: Count = 0
    snapshot_id: str | None = None
    read: dict[str, str] = {}
    size: Count | None = None
    seconds: float = 0.0
    differences: list[Difference] = []
    error: str = ""


class RefreshReport(Document):
    """The outcome of a refresh, by table, in the order the tables were started.

    `engine` is the one that did it, `cost_usd` the list price of this attempt.
    """

    run_id: str
    tables: list[TableRefresh]
    started_at: str
    ended_at: str
    engine: EngineChoice | None = None
    cost_usd: float | None = None

    @property
    def rows(self) -> int:
        """Return the number of rows built in all tables."""
        return sum(table.rows for table in self.tables)
