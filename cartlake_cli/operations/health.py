"""The state of every table by its metadata and the ledger: freshness, files, quarantine, needed maintenance."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from cartlake import contracts
from cartlake.contracts import Contract, Table
from cartlake.ledger import RunRecord
from cartlake.maintenance.documents import MaintenanceRecord, owner_of
from cartlake.maintenance.health import Health, Need, measure, needs
from cartlake.maintenance.key_check import key_check
from cartlake.tables.broken_metadata import UnreadableTableError
from cartlake.tables.catalog import load_catalog
from cartlake.tables.file_stats import in_flight
from cartlake.tables.file_stats_reader import read_file_stats
from cartlake.times import utc_now
from cartlake_cli.context import Lake
from cartlake_cli.named_tables import placement

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog

    from cartlake.tables.file_stats import FileStats

RECENT_RUNS = 20
TOGETHER = 8
"""Tables whose metadata is read at the same time: most of the time is waiting for S3."""


@dataclass(frozen=True)
class Context:
    """Values that are the same for all tables."""

    lake: Lake
    now: datetime
    maintenance: dict[str, MaintenanceRecord]
    runs: Callable[[str], Sequence[RunRecord]]

    @property
    def schedule(self) -> str | None:
        """Return the schedule of maintenance, None without one."""
        return self.lake.outputs.maintenance_schedule


def health_of(lake: Lake, names: list[str] | None = None) -> list[dict[str, Any]]:
    """Return a record for each table, or for those named, sorted by name.

    Ages and SLAs are in hours, sizes in bytes, rates between 0 and 1.
    """
    lake.connect()
    catalog, where, ledger = load_catalog(), placement(lake), lake.ledger
    known = {table.physical_name: (contract, table) for contract in contracts.load_all() for table in contract.tables}
    chosen = [known[name] for name in sorted(names if names is not None else known)]
    # Several tables have the same owner, and its runs are read once.
    owners = {owner for contract, table in chosen if (owner := owner_of(contract, table))}
    runs = {owner: ledger.runs.list(owner, limit=RECENT_RUNS) for owner in sorted(owners)}
    about = Context(lake, utc_now(), ledger.maintenance.last(), lambda owner: runs.get(owner, []))
    with ThreadPoolExecutor(TOGETHER) as pool:
        return list(pool.map(lambda pair: _health_of_table(about, catalog, where.identifier(pair[1]), *pair), chosen))


def _health_of_table(
    about: Context, catalog: "Catalog", identifier: tuple[str, str], contract: Contract, table: Table
) -> dict[str, Any]:
    try:
        stats, fault = read_file_stats(catalog, identifier, table.maintenance), None
    except UnreadableTableError as error:
        stats, fault = None, str(error)
    measured = measure(stats, table.maintenance) if stats else None
    age = _age_hours(measured, about.now)
    state, reason = _state(table, stats, fault, age)
    owner = owner_of(contract, table)
    last = about.maintenance.get(table.physical_name)
    would = _would_do(about, table, stats, measured) if stats and measured else []
    return {
        "table": table.physical_name,
        "state": state,
        "reason": reason,
        "age_hours": age,
        "promised_hours": table.promised_hours,
        **(_numbers(measured) if measured else {}),
        "repeated_keys": last.repeated_keys if last else None,
        "branches_in_flight": in_flight(stats, about.now) if stats else [],
        "last_run": _last_run(about.runs(owner) if owner else []),
        "quarantine_rate": _quarantine_rate(about.runs(owner)) if contract.droppable and owner else None,
        "maintenance": {
            "enabled": table.maintenance.enabled,
            "schedule": about.schedule,
            "would_do": [need.model_dump(mode="json") for need in would] if table.maintenance.enabled else [],
            "last": last.model_dump(mode="json") if last else None,
        },
    }


def _would_do(about: Context, table: Table, stats: "FileStats", measured: Health) -> list[Need]:
    last = about.maintenance.get(table.physical_name)
    removed_at, checked_at = (last.orphans_removed_at, last.keys_checked_at) if last else (None, None)
    would = needs(stats, table.maintenance, about.now, orphans_removed_at=removed_at)
    return [*would, *key_check(table, measured, about.now, keys_checked_at=checked_at)]


def _age_hours(measured: Health | None, now: datetime) -> float | None:
    if measured is None or measured.written_at is None:
        return None
    return round((now - measured.written_at) / timedelta(hours=1), 2)


def _state(table: Table, stats: "FileStats | None", fault: str | None, age: float | None) -> tuple[str, str]:
    if fault is not None:
        return "unreadable", fault
    if stats is None:
        return "missing", "it does not exist yet; `lake tables apply` creates it"
    if age is None:
        return "empty", "it was never written"
    if table.promised_hours is not None and age > table.promised_hours:
        return "overdue", f"written {age:,.1f} hours ago; the SLA allows {table.promised_hours:g}"
    return "fresh" if table.promised_hours is not None else "no SLA", ""


def _numbers(measured: Health) -> dict[str, Any]:
    return {
        **measured.model_dump(mode="json"),
        "small_file_ratio": round(measured.small_file_ratio, 4),
        "delete_ratio": round(measured.delete_ratio, 4),
    }


def _last_run(runs: Sequence[RunRecord]) -> dict[str, Any] | None:
    if not runs:
        return None
    last = runs[0]
    return {"run_id": last.run_id, "state": last.state.value, "started_at": last.started_at, "error": last.error}


def _quarantine_rate(runs: Sequence[RunRecord]) -> float | None:
    counts = [run.counts for run in runs if run.counts]
    read = sum(count.read for count in counts)
    return round(sum(count.quarantined for count in counts) / read, 6) if read else None
