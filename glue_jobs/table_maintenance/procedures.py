"""Iceberg's procedures, called with a contract's settings. Each returns the counts Iceberg reports, by their names."""

# ruff: noqa: S608 - table names come from contracts, the rest from settings

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from py4j.protocol import Py4JError  # type: ignore[import-untyped]
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from cartlake.contracts import Maintenance
from cartlake.contracts.model import SortField
from cartlake.errors import TransientError
from cartlake.maintenance.health import Health
from glue_jobs.engines.spark.iceberg import is_conflict

Counts = dict[str, int]


class ConflictError(TransientError):
    """Another writer changed the same files first. Nothing of this run was committed."""


@dataclass(frozen=True, slots=True)
class StepLimit:
    """The most one step rewrites, in files and in bytes: a run that waits for the table waits for one step at most."""

    files: int = 1000
    size: int = 4 * 1024**3

    def files_of(self, health: Health, least: int) -> int:
        """Return how many files of this table's average size one step may rewrite, `least` or more."""
        average = max(1, health.size // max(1, health.data_files))
        return max(least, min(self.files, self.size // average))


@dataclass(frozen=True, slots=True)
class Rewriting:
    """Arguments of rewrite_data_files. `of_deletes`: files are also rewritten alone, for the rows deleted in them."""

    arguments: str
    of_deletes: bool

    def has_more(self, counts: Counts) -> bool:
        """Whether another step may find files to rewrite, after one that reported these counts."""
        rewritten = counts["rewritten_data_files_count"]
        return rewritten > (0 if self.of_deletes else counts["added_data_files_count"])


@dataclass(frozen=True, slots=True)
class RepeatedKeys:
    """How many keys stand more than once, and the first and last day, `yyyy-mm-dd`, of their rows; None without any."""

    keys: int
    first_day: str | None
    last_day: str | None


@dataclass(frozen=True, slots=True)
class Procedures:
    """The procedures for one table, `name` as catalog.database.table. `force` rewrites whatever can be rewritten."""

    spark: SparkSession
    name: str
    settings: Maintenance
    force: bool
    step_limit: StepLimit
    order: tuple[SortField, ...] = ()

    def rewriting(self, health: Health) -> "Rewriting":
        """Return the arguments by which data files of a table in this health are rewritten, step by step."""
        settings = self.settings
        of_deletes = bool(health.deleted_rows) and (self.force or health.delete_ratio >= settings.delete_ratio)
        least = 2 if self.force else settings.min_input_files
        options = {
            "target-file-size-bytes": settings.target_bytes,
            "min-file-size-bytes": settings.small_bytes,
            "min-input-files": least,
            "max-files-to-rewrite": self.step_limit.files_of(health, least),
            **({"delete-file-threshold": 1} if of_deletes else {}),
        }
        return Rewriting(f"{self._order()}options => {_map(options)}", of_deletes=of_deletes)

    def rewrite_data_files(self, rewriting: "Rewriting") -> Counts:
        """Rewrite files for one step: join small ones, and leave out deleted rows."""
        return self._call("rewrite_data_files", rewriting.arguments)

    def _order(self) -> str:
        if self.settings.z_order_by:
            return f"strategy => 'sort', sort_order => 'zorder({', '.join(self.settings.z_order_by)})', "
        if self.order:
            return f"strategy => 'sort', sort_order => '{', '.join(map(str, self.order))}', "
        return "strategy => 'binpack', "

    def rewrite_position_delete_files(self) -> Counts:
        """Join delete files, and leave out deletes of data files that are no longer part of the table."""
        return self._call("rewrite_position_delete_files", f"options => {_map({'rewrite-all': 'true'})}")

    def rewrite_manifests(self) -> Counts:
        """Rewrite manifests so that each lists the files of few partitions."""
        return self._call("rewrite_manifests", "use_caching => false")

    def expire_snapshots(self, older_than: datetime, retain_last: int) -> Counts:
        """Expire snapshots older than that, but the last `retain_last`, and delete files only they have."""
        arguments = f"older_than => {_timestamp(older_than)}, retain_last => {retain_last}, stream_results => true"
        return self._call("expire_snapshots", arguments)

    def remove_orphan_files(self, older_than: datetime) -> Counts:
        """Delete files below the table's folder that are older and belong to no snapshot; return how many."""
        # The slash keeps a table `orders` from taking the files of `orders_eu` as its own.
        arguments = f"older_than => {_timestamp(older_than)}, location => '{self._folder()}/', prefix_listing => true"
        gone = self.spark.sql(self._statement("remove_orphan_files", arguments)).count()
        return {"deleted_files_count": gone}

    def _folder(self) -> str:
        newest = self.spark.sql(
            f"select file from {self.name}.metadata_log_entries order by timestamp desc limit 1"
        ).collect()[0]
        return str(newest.file).rpartition("/metadata/")[0]

    def compute_table_stats(self, columns: tuple[str, ...]) -> Counts:
        """Count the distinct values of the columns; return how many columns were counted."""
        listed = ", ".join(f"'{column}'" for column in columns)
        self._call("compute_table_stats", f"columns => array({listed})")
        return {"columns_counted": len(columns)}

    def find_repeated_keys(self, key: tuple[str, ...], event_time: str) -> "RepeatedKeys":
        """Search the rows readers see for keys that stand more than once. Reads key and event time of all rows."""
        columns = ", ".join(key)
        row = self.spark.sql(
            "select count(*) as keys, cast(min(first_day) as string) as first_day, "
            "cast(max(last_day) as string) as last_day from "
            f"(select cast(min({event_time}) as date) as first_day, cast(max({event_time}) as date) as last_day "
            f"from {self.name} group by {columns} having count(*) > 1)"
        ).collect()[0]
        return RepeatedKeys(row["keys"], row["first_day"], row["last_day"])

    def drop_branches(self, branches: list[str]) -> Counts:
        """Drop the branches that are still there; return how many were asked for."""
        for branch in branches:
            self.spark.sql(f"alter table {self.name} drop branch if exists `{branch}`")
        return {"dropped_branches_count": len(branches)}

    def rows_at(self, snapshot_id: int) -> int:
        """Return the number of rows at a snapshot."""
        return int(self.spark.sql(f"select count(*) from {self.name} version as of {snapshot_id}").collect()[0][0])

    def roll_back(self, snapshot_id: int) -> None:
        """Move main back to a snapshot."""
        self._call("rollback_to_snapshot", f"snapshot_id => {snapshot_id}")

    def _call(self, procedure: str, arguments: str) -> Counts:
        """Call a procedure and return its counts. Raises ConflictError when another writer committed first."""
        try:
            rows = self.spark.sql(self._statement(procedure, arguments)).collect()
        except (PySparkException, Py4JError) as error:
            if is_conflict(error):
                raise ConflictError(f"{procedure} of {self.name}: {str(error)[:500]}") from error
            raise
        found = rows[0].asDict() if rows else {}
        return {key: value for key, value in found.items() if isinstance(value, int)}

    def _statement(self, procedure: str, arguments: str) -> str:
        catalog, _, table = self.name.partition(".")
        return f"call {catalog}.system.{procedure}(table => '{table}', {arguments})"


def _map(options: Mapping[str, object]) -> str:
    pairs = ", ".join(f"'{key}', '{value}'" for key, value in options.items())
    return f"map({pairs})"


def _timestamp(moment: datetime) -> str:
    """Return a literal in the session's zone, which is UTC."""
    return f"timestamp '{moment:%Y-%m-%d %H:%M:%S.%f}'"
