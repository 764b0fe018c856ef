"""The ledger: one DynamoDB table that remembers every file and every run, and lets each count exactly once."""

from cartlake.ledger.models import (
    UNKNOWN_DATASET,
    Backfill,
    Content,
    FileRecord,
    FileState,
    Lock,
    LockHeldError,
    ObjectVersion,
    RunRecord,
    RunState,
    StaleMark,
    UnknownFileError,
)
from cartlake.ledger.runs import Ledger

__all__ = [
    "UNKNOWN_DATASET",
    "Backfill",
    "Content",
    "FileRecord",
    "FileState",
    "Ledger",
    "Lock",
    "LockHeldError",
    "ObjectVersion",
    "RunRecord",
    "RunState",
    "StaleMark",
    "UnknownFileError",
]
