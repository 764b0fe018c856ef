"""Judged rows onto the audit branch: new ones are merged, those of a backfill replace what they were before."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from pyspark import StorageLevel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from glue_jobs.dataset_etl import evidence, merging, replacing
from glue_jobs.dataset_etl.evidence import Layout
from glue_jobs.dataset_etl.running import Run
from glue_jobs.shared.iceberg import Branch
from glue_jobs.transforms.file_rows import judging, versions


@dataclass(frozen=True, slots=True)
class Loaded:
    """What the branch shows of a load: rows `published` by day; in a backfill also what it took away."""

    published: Counter[date]
    duplicate: int
    withdrawn: int = 0
    old_days: frozenset[date] = frozenset()

    @property
    def days(self) -> list[str]:
        """The days on which rows came, changed or left."""
        return [day.isoformat() for day in sorted(self.old_days | set(self.published))]


@contextmanager
def _kept(run: Run, judged: DataFrame) -> Iterator[tuple[DataFrame, int]]:
    """The accepted rows, one per key, and how many others of the same keys were left out."""
    rows = judging.accepted(judged, run.table)
    repeated = versions.repeated_keys(rows, run.table).persist(StorageLevel.DISK_ONLY)
    with run.phases.timed("deduplicate"):
        copies, keys = repeated.agg(F.coalesce(F.sum("copies"), F.lit(0)), F.count("*")).collect()[0]
    try:
        yield (versions.deduplicate(rows, repeated, run.table) if keys else rows), int(copies - keys)
    finally:
        repeated.unpersist()


def reload(run: Run, judged: DataFrame, layout: Layout, branch: Branch) -> Loaded:
    """Have the accepted rows of a backfill take the place of those that came from the same files before."""
    spark, table = run.spark, run.table
    with _kept(run, judged) as (kept, repeated):
        with run.phases.timed("replace"):
            replaced = replacing.replace(kept, run.manifest.files, branch, table, run.run_id)
        with run.phases.timed("count"):
            return Loaded(
                published=evidence.published_rows(spark, branch, table, run.run_id, layout.days),
                duplicate=repeated + evidence.known_rows(branch, table, kept, run.run_id),
                withdrawn=replacing.withdrawn_rows(spark, replaced.gone, branch, table),
                old_days=replaced.old_days,
            )


def load(run: Run, judged: DataFrame, layout: Layout, branch: Branch) -> Loaded:
    """Write the accepted rows of new files to the branch."""
    spark, table = run.spark, run.table
    with _kept(run, judged) as (kept, repeated):
        days = merging.split_days(spark, branch, table, layout.days)
        with run.phases.timed("append"):
            if days.new:
                fresh = merging.rows_of_days(kept, table, days.new) if days.stored else kept
                merging.append(spark, fresh, branch, clustered=layout.clustered)
        known = merging.rows_of_days(kept, table, days.stored) if days.new else kept
        with run.phases.timed("merge"):
            if days.stored:
                merging.merge(spark, known, branch, table, days.stored)
        with run.phases.timed("count"):
            published = evidence.published_rows(spark, branch, table, run.run_id, layout.days)
            stale = (
                evidence.stale_rows(branch, table, known, run.run_id, days.stored)
                if days.stored and published.total() < layout.accepted_by_day.total() - repeated
                else 0
            )
    return Loaded(published, repeated + stale)
