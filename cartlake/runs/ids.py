"""Names of runs and of the branches they write to.

A run id is `<dataset or workflow>-<yyyymmddThhmmss>-<6 hex digits>`, e.g. `transactions-20260131T083000-1a2b3c`.
"""

import re
from datetime import UTC, datetime
from typing import Final

from cartlake.errors import TerminalError

REFRESH: Final = "refresh"
"""The work that rebuilds stale tables. In the ledger it stands where a dataset would, so none may have its name."""

MAINTENANCE: Final = "maintenance"
"""The work that keeps tables fast and small. It stands where a dataset would, too."""

AUDIT_PREFIX: Final = "audit_"
"""How the names of branches begin that runs write to before they are judged."""
RUN_ID: Final = re.compile(r"(?P<dataset>[a-z][a-z0-9_]*)-(?P<started>\d{8}T\d{6})-[0-9a-f]{6}")


def new_run_id(dataset: str, now: datetime, suffix: str) -> str:
    """Name a run, e.g. `transactions-20260131T083000-1a2b3c`; `suffix` is six random hex digits."""
    return f"{dataset}-{now.astimezone(UTC):%Y%m%dT%H%M%S}-{suffix}"


def dataset_of(run_id: str) -> str:
    """Read the dataset back out of a run id. Raises TerminalError for a name `new_run_id` would not give."""
    match = RUN_ID.fullmatch(run_id)
    if match is None:
        raise TerminalError(f"{run_id!r} is not a run id; expected <dataset>-<yyyymmddThhmmss>-<6 hex digits>.")
    return match["dataset"]


def audit_branch(run_id: str) -> str:
    """Name the Iceberg branch a run writes to before anyone may see it."""
    return f"{AUDIT_PREFIX}{run_id.replace('-', '_')}"
