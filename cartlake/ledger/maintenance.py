"""The outcome of the last maintenance of each table."""

from cartlake.ledger.items.keys import maintenance_key
from cartlake.ledger.items.table import Table, put
from cartlake.maintenance.documents import MaintenanceRecord


class MaintenanceLedger:
    """The last maintenance of all tables."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def note(self, record: MaintenanceRecord) -> None:
        """Store the outcome of maintenance of a table; the earlier one is replaced."""
        self._table.write(put(maintenance_key(record.table), record.model_dump(mode="json")))

    def last(self) -> dict[str, MaintenanceRecord]:
        """Return the outcome of the last maintenance of every table, by its physical name."""
        items = self._table.query(maintenance_key("").pk)
        return {item["table"]: MaintenanceRecord.model_validate(item) for item in items}
