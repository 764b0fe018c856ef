"""Maintenance in the ledger: how it last went with each table, and the datasets whose lock a run of it holds."""

from collections.abc import Iterable

from cartlake.ledger.keys import lock_key, upkeep_key
from cartlake.ledger.stale import StaleLedger
from cartlake.ledger.table import put
from cartlake.maintenance.documents import UpkeepRecord


class UpkeepLedger(StaleLedger):
    def note_upkeep(self, record: UpkeepRecord) -> None:
        """Remember how maintenance of a table ended, in place of what was known of it."""
        self._table.write(put(upkeep_key(record.table), record.model_dump(mode="json")))

    def upkeep(self) -> dict[str, UpkeepRecord]:
        """How the last maintenance of every table ended, by its physical name."""
        items = self._table.query(upkeep_key("").pk)
        return {item["table"]: UpkeepRecord.model_validate(item) for item in items}

    def held_by(self, run_id: str, works: Iterable[str]) -> list[str]:
        """Those of the works (datasets, the refresh) whose lock the run has."""
        locks = self._table.get_many([lock_key(work) for work in works])
        return sorted(str(lock["dataset"]) for lock in locks if lock["run_id"] == run_id)
