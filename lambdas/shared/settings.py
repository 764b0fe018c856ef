"""Environment variables of functions, read when a handler is imported, so that a bad one fails the cold start."""

from pydantic import Field
from pydantic_settings import BaseSettings

from cartlake.runs.folder import RunFolder


class LedgerSettings(BaseSettings):
    """Settings of functions that write the ledger and send events."""

    ledger_table: str = Field(min_length=3)
    event_bus: str = Field(min_length=1)


class ArtifactSettings(BaseSettings):
    """Settings of functions that read or write the documents of a run."""

    artifacts_bucket: str = Field(min_length=3)

    def folder(self, run_id: str) -> RunFolder:
        """Return the folder with the documents of a run."""
        return RunFolder(self.artifacts_bucket, run_id)
