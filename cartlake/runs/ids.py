"""Workflows, the ids of their runs, and the branches that runs write to.

A run id is `<subject>-<yyyymmddThhmmss>-<6 hex digits>`, e.g. `transactions-20260131T083000-1a2b3c`. The subject is the
dataset whose files the run loads; a refresh and maintenance work for all datasets, and are their own subject.
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


RESERVED_NAMES: Final = frozenset({Workflow.REFRESH, Workflow.MAINTENANCE})
"""Subjects of runs that are no datasets, so no dataset may have such a name."""

AUDIT_PREFIX: Final = "audit_"
"""How the names of branches begin that runs write to before they are judged."""

RUN_ID: Final = re.compile(r"(?P<subject>[a-z][a-z0-9_]*)-(?P<started>\d{8}T\d{6})-[0-9a-f]{6}")


def new_run_id(subject: str, now: datetime, suffix: str) -> str:
    """Name a run, e.g. `transactions-20260131T083000-1a2b3c`; `suffix` is six random hex digits."""
    return f"{subject}-{now.astimezone(UTC):%Y%m%dT%H%M%S}-{suffix}"


def subject_of(run_id: str) -> str:
    """Read out of a run id what its lock is named after: a dataset, or a workflow that works for all of them.

    Raises TerminalError for a name `new_run_id` would not give.
    """
    match = RUN_ID.fullmatch(run_id)
    if match is None:
        raise TerminalError(f"{run_id!r} is not a run id; expected <subject>-<yyyymmddThhmmss>-<6 hex digits>.")
    return match["subject"]


def workflow_of(subject: str) -> Workflow:
    """Return the workflow of a run by its subject: `ingest` for a dataset."""
    return Workflow(subject) if subject in RESERVED_NAMES else Workflow.INGEST


def dataset_of(subject: str) -> str | None:
    """Return the dataset of a run by its subject, None for a refresh and for maintenance."""
    return None if subject in RESERVED_NAMES else subject


def audit_branch(run_id: str) -> str:
    """Name the Iceberg branch a run writes to before anyone may see it."""
    return f"{AUDIT_PREFIX}{run_id.replace('-', '_')}"
