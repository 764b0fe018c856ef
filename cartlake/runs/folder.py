"""The URIs of the documents of a run in the artifacts bucket: `runs/<run id>/<name>.json`."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

LINEAGE_EVENTS: Final = "lineage/events/"
"""Below it, OpenLineage events by day, each a line of JSON."""

LINEAGE_ROWS: Final = "lineage/rows/"
"""Below it, the rows of `ops.lineage` by day."""

LINEAGE_UNSENT: Final = "lineage/unsent/"
"""Below it, an object for each run whose events did not reach the lineage server."""


class Step(StrEnum):
    """The steps of workflows that a Glue job does. State machines and reports use these names."""

    TRANSFORM = "transform"
    """Load the files of a manifest onto an audit branch: `TransformReport`."""

    SUPERSEDE_QUARANTINE = "supersede_quarantine"
    """After a backfill was published, replace the rows of its files in quarantine: `SupersedeQuarantineReport`."""

    REFRESH = "refresh"
    """Rebuild stale tables: `RefreshReport`."""

    MAINTENANCE = "maintenance"
    """Maintain tables: `MaintenanceReport`."""

    FORECAST = "forecast"
    """Build the tables of the forecast: `RefreshReport`."""


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The folder of one run. All members are `s3://` URIs."""

    bucket: str
    run_id: str

    @property
    def manifest(self) -> str:
        """Return the URI of the files that a run of a dataset reads: `Manifest`."""
        return self.document("manifest")

    @property
    def plan(self) -> str:
        """Return the URI of what a refresh or forecast builds, or maintenance does: its plan."""
        return self.document("plan")

    @property
    def quality(self) -> str:
        """Return the URI of the result of the audit."""
        return self.document("quality")

    @property
    def bad_files(self) -> str:
        """Return the URI of the files that a step found it cannot load: `BadFiles`."""
        return self.document("bad_files")

    def report(self, step: Step) -> str:
        """Return the URI of the report of the job that does a step."""
        return self.document(step)

    def document(self, name: str) -> str:
        """Return the URI of any document of the run by its name without `.json`."""
        return f"s3://{self.bucket}/runs/{self.run_id}/{name}.json"

    def code(self, name: str) -> str:
        """Return the URI of the run's own copy of a file of the code, which is kept for a week."""
        return f"s3://{self.bucket}/staging/{self.run_id}/code/{name}"

    def lineage_event(self, name: str) -> str:
        """Return the URI of an OpenLineage event of the run by `START` or `END`: the end has one, whatever it is."""
        return f"s3://{self.bucket}/{LINEAGE_EVENTS}day={day_of(self.run_id)}/{self.run_id}.{name}.json"

    def lineage_rows(self, name: str) -> str:
        """Return the URI of the rows of `ops.lineage` of an event of the run, by `START` or `END`."""
        return f"s3://{self.bucket}/{LINEAGE_ROWS}day={day_of(self.run_id)}/{self.run_id}.{name}.json"

    @property
    def lineage_unsent(self) -> str:
        """Return the URI of the mark of a run whose events did not reach the lineage server."""
        return f"s3://{self.bucket}/{LINEAGE_UNSENT}{self.run_id}"


def day_of(run_id: str) -> str:
    """Return the day in a run id, `2026-01-31`: all that is partitioned by day uses this one, so that nothing moves."""
    started = run_id.rsplit("-", 2)[1]
    return f"{started[:4]}-{started[4:6]}-{started[6:8]}"
