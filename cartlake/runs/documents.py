"""The JSON documents of a run: the manifest it reads, the plan of a refresh, and the reports of the jobs.

These models are the seam between the Lambdas, which write manifests and judge reports, and the Glue jobs, which read
the one and write the other. Both sides import this module, so neither can drift.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from cartlake.refresh.graph import Scope, StaleTable

Count = Annotated[int, Field(ge=0)]


class Document(BaseModel):
    """A JSON document between components: immutable, and with no field that the other side does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class EngineChoice(Document):
    """The engine that does a step, and why in words: DuckDB in a function (`light`), or a job of Spark."""

    engine: Literal["light", "spark"]
    reason: str


class FileFormat(Document):
    """How to read one file. `header` holds the columns in the file's own order; JSON lines have none.

    `line_bytes_at_most` is a bound no line of a text exceeds, None where nobody looked.
    """

    kind: Literal["csv", "jsonl", "parquet"]
    compression: Literal["none", "gzip"] = "none"
    encoding: Literal["utf-8"] = "utf-8"
    delimiter: str = ","
    header: list[str] = []
    line_bytes_at_most: Count | None = None


class Load(Document):
    """One reading of a file. The rows that came of it carry both in `_source_file` and `_run_id`."""

    source_file: str
    run_id: str


class ManifestFile(Document):
    """One claimed file: `size` in bytes as stored, `sha256` in hex of those bytes.

    `expanded_size` is in bytes after decompression, None for a file that was validated before it was kept;
    `row_estimate` is the validator's. `source` names the file in `_source_file` where that is not `uri`: a backfill reads a copy of a version that was
    overwritten since. `loads` are the earlier readings whose rows a backfill replaces.
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
    loads: list[Load] = []

    @property
    def source_file(self) -> str:
        return self.source or self.uri


class Manifest(Document):
    """Everything one run reads, fixed before the run starts. A `backfill` reads files that were loaded before.

    `engine` is None where nobody chose; a fallback to Spark changes it, and nothing else.
    """

    run_id: str
    dataset: str
    contract_version: str
    created_at: str
    files: list[ManifestFile]
    backfill: bool = False
    engine: EngineChoice | None = None


class RowCounts(Document):
    """Where the rows of a run went. `duplicate` rows were known already or lost to a newer version of themselves."""

    read: Count
    published: Count
    quarantined: Count
    duplicate: Count

    @property
    def settled(self) -> int:
        """Rows that have a known end: what `read` must equal."""
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
    """The number a table rule measured on the audit branch; null when the query gave none."""

    rule: str
    value: float | None


class TransformReport(Document):
    """What a transform did. `snapshot_id` is the head of its audit branch, null when the run wrote nothing.

    `engine` is the one that did it; `cost_usd` what this attempt costs at list prices, null where its size is unknown.
    `withdrawn` rows had come from these files, and left the table in this backfill without a successor.
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
    withdrawn: Count = 0
    started_at: str
    ended_at: str
    phases: dict[str, float] = {}
    engine: EngineChoice | None = None
    cost_usd: float | None = None


class SupersedeQuarantineReport(Document):
    """What a published backfill made of the quarantine: verdicts `in_force` now, and older ones they stand in for."""

    run_id: str
    dataset: str
    in_force: Count
    superseded: Count
    started_at: str
    ended_at: str


class Difference(Document):
    """Rows that stand only in the table as it is (`stored`), or only in what it should be (`rebuilt`)."""

    only_in: Literal["stored", "rebuilt"]
    rows: Count
    example: dict[str, str | None]


class RefreshPlan(Document):
    """What one run of the refresh rebuilds, in order. With `check`, tables are built anew only to be compared.

    `changes` are the rows that started it; `tables` follow from them, at most: what is built from a table that turns
    out the same is left alone.
    """

    run_id: str
    created_at: str
    changes: dict[str, Scope] = {}
    tables: list[StaleTable]
    check: bool = False


class TableRefresh(Document):
    """What became of one table. `rows` were built; an `unchanged` table held the very same rows already.

    `differences` are rows that only one of both has, in a check.
    """

    table: str
    scope: str
    outcome: Literal["rebuilt", "unchanged", "checked", "failed", "skipped"]
    rows: Count = 0
    snapshot_id: str | None = None
    seconds: float = 0.0
    differences: list[Difference] = []
    error: str = ""


class RefreshReport(Document):
    """What a run of the refresh did, table by table, in the order they were begun."""

    run_id: str
    tables: list[TableRefresh]
    started_at: str
    ended_at: str

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables)
