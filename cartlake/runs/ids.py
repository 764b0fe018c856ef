"""Workflows, the ids of their runs, and the branches that runs write to.

A run id is `<subject>-<yyyymmddThhmmss>-<6 hex digits>`, e.g. `transactions-20260131T083000-1a2b3c`. The subject is the
dataset whose files the run loads; the other workflows work for all datasets, so their name is the subject. An
orchestrator that names a run itself has up to 16 hex digits, since it makes them from names of its own.
"""

import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from cartlake.errors import TerminalError


class Workflow(StrEnum):
    """What a run does; each workflow is one state machine."""

    INGEST = "ingest"
    """Load files into the table of one dataset."""

    REFRESH = "refresh"
    """Rebuild the tables that became stale."""

    MAINTENANCE = "maintenance"
    """Keep tables fast and small."""

    FORECAST = "forecast"
    """Forecast demand, and measure what prices do to it."""


ALL_DATASETS: Final = (Workflow.REFRESH, Workflow.MAINTENANCE, Workflow.FORECAST)
"""The workflows whose runs work for all datasets."""

RESERVED_NAMES: Final = frozenset(ALL_DATASETS)
"""Subjects of runs that are not datasets. No dataset may have such a name."""

AUDIT_PREFIX: Final = "audit_"
"""Prefix of the names of audit branches: a run writes to one before its rows are checked."""

DELETED_KEYS: Final = "deleted_keys"
"""The Iceberg branch of a table with the rows that deleted their keys: readers of the table do not see it."""

ERASURE: Final = "erasure"
"""The subject in the ids of erasures, which hold locks as runs do but have no execution."""

RUN_ID: Final = re.compile(r"(?P<subject>[a-z][a-z0-9_]*)-(?P<started>\d{8}T\d{6})-[0-9a-f]{6,16}")


def new_run_id(subject: str, now: datetime, suffix: str) -> str:
    """Return the id of a run, e.g. `transactions-20260131T083000-1a2b3c`; `suffix` is six random hex digits."""
    return f"{subject}-{now.astimezone(UTC):%Y%m%dT%H%M%S}-{suffix}"


def subject_of(run_id: str) -> str:
    """Return the subject in a run id, whose lock the run holds: a dataset, `refresh`, `maintenance` or `forecast`.

    Raises TerminalError for a text that is not a run id.
    """
    match = RUN_ID.fullmatch(run_id)
    if match is None:
        raise TerminalError(f"{run_id!r} is not a run id; expected <subject>-<yyyymmddThhmmss>-<6 to 16 hex digits>.")
    return match["subject"]


def is_erasure(run_id: str) -> bool:
    """Return whether a lock with this run id is held by the erasure of a person, which ends only when it is done."""
    return run_id.startswith(f"{ERASURE}-")


def workflow_of(subject: str) -> Workflow:
    """Return the workflow of a run by its subject: `ingest` for a dataset."""
    return Workflow(subject) if subject in RESERVED_NAMES else Workflow.INGEST


def dataset_of(subject: str) -> str | None:
    """Return the dataset of a run by its subject, None for the other workflows."""
    return None if subject in RESERVED_NAMES else subject


def audit_branch(run_id: str) -> str:
    """Return the name of the Iceberg branch a run writes to before its rows are published."""
    return f"{AUDIT_PREFIX}{run_id.replace('-', '_')}"


def deleted_keys_branch(audit: str) -> str:
    """Return the name of the branch on which a run adds to the deleted keys, by the name of its audit branch."""
    return f"{audit}_{DELETED_KEYS}"
