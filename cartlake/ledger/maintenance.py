"""Maintenance in the ledger: how it last ended for each table."""

from cartlake.ledger.keys import maintenance_key
from cartlake.ledger.table import Table, put
from cartlake.maintenance.documents import MaintenanceRecord


class MaintenanceLedger:
    """The last maintenance of every table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def note(self, record: MaintenanceRecord) -> None:
        """Remember how maintenance of a table ended, in place of what was known of it."""
        self._table.write(put(maintenance_key(record.table), record.model_dump(mode="json")))

    def last(self) -> dict[str, MaintenanceRecord]:
        """How the last maintenance of every table ended, by its physical name."""
        items = self._table.query(maintenance_key("").pk)
        return {item["table"]: MaintenanceRecord.model_validate(item) for item in items}
