"""What a run reads and what it reports: the manifest, the jobs' reports, and the sum that has to come out.

These models are the seam between the Lambdas, which write manifests and judge reports, and the Glue jobs, which read
the one and write the other. Both sides import this module, so neither can drift.
"""

import re
from collections import Counter
from datetime import UTC, datetime
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from cartlake.errors import TerminalError
from cartlake.staleness import Scope, StaleTable

Count = Annotated[int, Field(ge=0)]

REFRESH: Final = "refresh"
"""The work that rebuilds stale tables. In the ledger it stands where a dataset would, so none may have its name."""

MAINTENANCE: Final = "maintenance"
"""The work that keeps tables fast and small. It stands where a dataset would, too."""

AUDIT_PREFIX: Final = "audit_"
"""How the names of branches begin that runs write to before they are judged."""
RUN_ID: Final = re.compile(r"(?P<dataset>[a-z][a-z0-9_]*)-(?P<started>\d{8}T\d{6})-[0-9a-f]{6}")


class ReconciliationError(TerminalError):
    """The rows of a run do not add up, or the job did not read the files it was given. Never retried."""


class Document(BaseModel):
    """A JSON document between components: immutable, and with no field that the other side does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


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

    `source` names the file in `_source_file` where that is not `uri`: a backfill reads a copy of a version that was
    overwritten since. `loads` are the earlier readings whose rows a backfill replaces.
    """

    file_id: str
    uri: str
    version_id: str | None
    etag: str
    size: Count
    sha256: str
    format: FileFormat
    source: str | None = None
    loads: list[Load] = []

    @property
    def source_file(self) -> str:
        return self.source or self.uri


class Manifest(Document):
    """Everything one run reads, fixed before the run starts. A `backfill` reads files that were loaded before."""

    run_id: str
    dataset: str
    contract_version: str
    created_at: str
    files: list[ManifestFile]
    backfill: bool = False


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


class EtlReport(Document):
    """What a transform job did. `snapshot_id` is the head of its audit branch, null when the run wrote nothing.

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


class SettleReport(Document):
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


def new_run_id(dataset: str, now: datetime, suffix: str) -> str:
    """Name a run, e.g. `transactions-20260131T083000-1a2b3c`; `suffix` is six random hex digits."""
    return f"{dataset}-{now.astimezone(UTC):%Y%m%dT%H%M%S}-{suffix}"


def dataset_of(run_id: str) -> str:
    """Read the dataset back out of a run id. Raises TerminalError for a name `new_run_id` would not give."""
    match = RUN_ID.fullmatch(run_id)
    if match is None:
        raise TerminalError(f"{run_id!r} is not a run id; expected <dataset>-<yyyymmddThhmmss>-<6 hex digits>.")
    return match["dataset"]


def audit_branch(run_id: str) -> str:
    """Name the Iceberg branch a run writes to before anyone may see it."""
    return f"{AUDIT_PREFIX}{run_id.replace('-', '_')}"


def reconcile(report: EtlReport, claimed_file_ids: set[str]) -> None:
    """Check that nothing was lost or invented: rows add up, in total and over files, and every claimed file was read.

    Raises ReconciliationError with all differences found.
    """
    faults = [*_row_faults(report), *_file_faults(report, claimed_file_ids)]
    if faults:
        raise ReconciliationError(f"Run {report.run_id} does not reconcile: {'; '.join(faults)}.")


def _row_faults(report: EtlReport) -> list[str]:
    rows, faults = report.rows, []
    if rows.read != rows.settled:
        faults.append(
            f"{rows.read} rows read, but {rows.published} published + {rows.quarantined} quarantined"
            f" + {rows.duplicate} duplicate = {rows.settled}"
        )
    by_file = sum(file.rows_read for file in report.files)
    if by_file != rows.read:
        faults.append(f"{rows.read} rows read in all, but {by_file} when its files are added up")
    return faults


def _file_faults(report: EtlReport, claimed: set[str]) -> list[str]:
    read = [file.file_id for file in report.files]
    faults = [f"file {file_id} was claimed but not read" for file_id in sorted(claimed - set(read))]
    faults += [f"file {file_id} was read but not claimed" for file_id in sorted(set(read) - claimed)]
    faults += [f"file {file_id} was read {times} times" for file_id, times in Counter(read).items() if times > 1]
    return faults
