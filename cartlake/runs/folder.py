"""The URIs of the documents of a run in the artifacts bucket: `runs/<run id>/<name>.json`."""

from dataclasses import dataclass
from enum import StrEnum


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
        """Return the URI of what a refresh rebuilds, or maintenance does: `RefreshPlan` or `MaintenancePlan`."""
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

    def lineage(self, subject: str) -> str:
        """Return the URI of the OpenLineage events of the run, one JSON object per line, by subject."""
        return f"s3://{self.bucket}/lineage/{subject}/{self.run_id}.jsonl"
