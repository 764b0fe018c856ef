"""Environment of every function. Each reads its own when its handler is imported: a bad one fails the cold start."""

from pydantic import Field
from pydantic_settings import BaseSettings

from cartlake.runs.folder import RunFolder


class LedgerSettings(BaseSettings):
    """Functions that keep the ledger and announce what happened."""

    ledger_table: str = Field(min_length=3)
    event_bus: str = Field(min_length=1)


class ArtifactSettings(BaseSettings):
    """Functions that read or write the documents of a run."""

    artifacts_bucket: str = Field(min_length=3)

    def folder(self, run_id: str) -> RunFolder:
        """Where the documents of a run lie."""
        return RunFolder(self.artifacts_bucket, run_id)
