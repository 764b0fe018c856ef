"""Where the documents of a run lie in the artifacts bucket: `runs/<run id>/<name>.json`."""

from dataclasses import dataclass
from enum import StrEnum


class Step(StrEnum):
    """The steps of workflows that a job does. State machines name them; a report is named by its step."""

    TRANSFORM = "transform"
    """Load the files of a manifest onto an audit branch: `TransformReport`."""

    SUPERSEDE_QUARANTINE = "supersede_quarantine"
    """After a backfill was published, replace what earlier runs quarantined of its files: `QuarantineReport`."""

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
        """The files that a run of a dataset reads: `Manifest`."""
        return self.document("manifest")

    @property
    def plan(self) -> str:
        """What a refresh rebuilds, or what maintenance does: `RefreshPlan` or `MaintenancePlan`."""
        return self.document("plan")

    @property
    def quality(self) -> str:
        """The verdict of the audit."""
        return self.document("quality")

    def report(self, step: Step) -> str:
        """The report of the job that does a step."""
        return self.document(step)

    def document(self, name: str) -> str:
        """Any document of the run by its name without `.json`."""
        return f"s3://{self.bucket}/runs/{self.run_id}/{name}.json"

    def lineage(self, subject: str) -> str:
        """The OpenLineage events of the run, one JSON object a line, below the dataset or workflow it is about."""
        return f"s3://{self.bucket}/lineage/{subject}/{self.run_id}.jsonl"
