"""The ledger: one DynamoDB table of files, runs and locks. It makes sure that each content is loaded exactly once."""

from cartlake.ledger.ledger import Ledger
from cartlake.ledger.models import (
    UNKNOWN_DATASET,
    Backfill,
    BackfillOpenError,
    BackfillState,
    Content,
    Fallback,
    FileRecord,
    FileState,
    Lock,
    LockHeldError,
    NextRun,
    ObjectVersion,
    RunRecord,
    RunState,
    Slice,
    StaleMark,
    UnknownFileError,
)

__all__ = [
    "UNKNOWN_DATASET",
    "Backfill",
    "BackfillOpenError",
    "BackfillState",
    "Content",
    "Fallback",
    "FileRecord",
    "FileState",
    "Ledger",
    "Lock",
    "LockHeldError",
    "NextRun",
    "ObjectVersion",
    "RunRecord",
    "RunState",
    "Slice",
    "StaleMark",
    "UnknownFileError",
]
