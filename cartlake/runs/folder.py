"""Where the documents of a run lie in the artifacts bucket: `runs/<run id>/<name>.json`."""

from dataclasses import dataclass


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

    def report(self, step: str) -> str:
        """The report of the job that does a step."""
        return self.document(step)

    def document(self, name: str) -> str:
        """Any document of the run by its name without `.json`."""
        return f"s3://{self.bucket}/runs/{self.run_id}/{name}.json"

    def lineage(self, subject: str) -> str:
        """The OpenLineage events of the run, one JSON object a line, below the dataset or workflow it is about."""
        return f"s3://{self.bucket}/lineage/{subject}/{self.run_id}.jsonl"
