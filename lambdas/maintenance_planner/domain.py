"""Which tables need maintenance, and why; and why the others do not."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cartlake.contracts import Contract, Table
from cartlake.errors import TerminalError
from cartlake.maintenance.documents import MaintenanceRecord, MaintenanceRequest, SkippedTable, TableWork, owner_of
from cartlake.maintenance.health import MaintenanceOptions, measure, needs, with_statistics
from cartlake.maintenance.key_check import key_check
from cartlake.tables.file_stats import FileStats, in_flight


def chosen(contracts: Iterable[Contract], names: Sequence[str] | None) -> list[tuple[Contract, Table]]:
    """Return the tables asked for, all for None. Raises TerminalError for one that no contract describes."""
    tables = {table.physical_name: (contract, table) for contract in contracts for table in contract.tables}
    wanted = list(tables) if names is None else names
    if unknown := [name for name in wanted if name not in tables]:
        raise TerminalError(f"No contract describes {', '.join(unknown)}; there are: {', '.join(sorted(tables))}.")
    return [tables[name] for name in dict.fromkeys(wanted)]


@dataclass(frozen=True, slots=True)
class Planner:
    """Judges tables by the request, the time, and the records of earlier maintenance."""

    request: MaintenanceRequest
    now: datetime
    known: Mapping[str, MaintenanceRecord]

    def judge(self, contract: Contract, table: Table, stats: FileStats | None) -> TableWork | SkippedTable:
        """Return what a table needs by its metadata, or why it is skipped."""
        name, settings = table.physical_name, table.maintenance
        if not settings.enabled:
            return SkippedTable(table=name, reason="its contract says enabled: false")
        if stats is None or stats.head is None:
            return SkippedTable(table=name, reason="it was never written")
        if branches := in_flight(stats, self.now):
            return SkippedTable(table=name, reason=f"a run is writing it: branch {', '.join(branches)}")
        wanted = needs(
            stats, settings, self.now, options=self._options, orphans_removed_at=self._orphans_removed_at(name)
        )
        health = measure(stats, settings)
        checked_at = self._keys_checked_at(name)
        wanted = [
            *with_statistics(wanted, table.statistics_columns),
            *key_check(table, health, self.now, force=self.request.force, keys_checked_at=checked_at),
        ]
        if not wanted:
            return SkippedTable(table=name, reason="no maintenance needed")
        return TableWork(table=name, owner=owner_of(contract, table), needs=wanted, health=health)

    @property
    def _options(self) -> MaintenanceOptions:
        return MaintenanceOptions(force=self.request.force, keep_snapshots_days=self.request.keep_snapshots_days)

    def _keys_checked_at(self, table: str) -> datetime | None:
        last = self.known.get(table)
        return last.keys_checked_at if last else None

    def _orphans_removed_at(self, table: str) -> datetime | None:
        last = self.known.get(table)
        return last.orphans_removed_at if last else None
