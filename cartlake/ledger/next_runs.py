"""Runs in the ledger that wait for the end of a gather window: at most one of each dataset, and one of the refresh.

Such a run has an execution, and not yet the lock of its subject: maintenance may have that meanwhile.
"""

from boto3.dynamodb.conditions import Attr

from cartlake.ledger.items.keys import next_run_key
from cartlake.ledger.items.table import ABSENT, Table, delete, put
from cartlake.ledger.models import NextRun


class NextRunLedger:
    """The waiting runs of all datasets, and of the refresh."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def plan(self, planned: NextRun) -> bool:
        """Record the run that waits. Returns False if another one does."""
        return self._table.try_write(put(next_run_key(planned.subject), planned.model_dump(), when=ABSENT))

    def replace(self, ended_run_id: str, planned: NextRun) -> bool:
        """Record a run in the place of one whose execution has ended. Returns False if that did not wait any more."""
        replaced = put(next_run_key(planned.subject), planned.model_dump(), when=Attr("run_id").eq(ended_run_id))
        return self._table.try_write(replaced)

    def get(self, subject: str) -> NextRun | None:
        """Return the run that waits, None if none does; strongly consistent."""
        item = self._table.get(next_run_key(subject))
        return None if item is None else NextRun.model_validate(item)

    def begin(self, subject: str, run_id: str) -> None:
        """Record that the run waits no longer; nothing changes if another one waits by now."""
        self._table.try_write(delete(next_run_key(subject), when=Attr("run_id").eq(run_id)))
