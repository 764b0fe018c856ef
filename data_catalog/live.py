"""Figures of a deployed lake: rows and freshness of its tables, runs, quarantine reasons, measurements of rules."""

# ruff: noqa: S608 - every name in these queries comes from a contract

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cartlake.contracts import Contract, Table
from cartlake.ledger import Ledger
from cartlake_cli.athena.client import Athena
from cartlake_cli.operations.quarantine import IN_FORCE
from data_catalog.usage import Usage, read_usage

RUNS_SHOWN = 10
MEASUREMENTS_SHOWN = 5
REASONS = f"""
select dataset, reason, count(*) as failed
from ops.quarantine_rows cross join unnest(reasons) as broken(reason)
where replay_id is null and {IN_FORCE}
group by dataset, reason
order by dataset, failed desc, reason
"""
WRITTEN = "select table_name, cast(written_at as varchar) from ops.table_freshness"
MEASURED = "select table_name, rule, value, measured_at from ops.quality_results order by measured_at desc, run_id"


@dataclass(frozen=True)
class TableStatus:
    """One table. `newest` is the greatest value of its event time, `newest_hours` the age of that in hours."""

    rows: int
    newest: str | None
    newest_column: str | None
    newest_hours: float | None
    written_at: str | None
    sla_hours: float | None

    @property
    def late(self) -> bool | None:
        """Whether the newest row is older than the SLA allows; None without an SLA or an event time."""
        if self.sla_hours is None or self.newest_column is None:
            return None
        return self.newest_hours is None or self.newest_hours > self.sla_hours

    @property
    def verdict(self) -> str:
        """The age of the newest row and whether it meets the SLA, in words."""
        if self.written_at is None:
            return "never written"
        age = f"{self.newest_hours:,.0f} h old" if self.newest_hours is not None else ""
        against_sla = {None: "", True: "late", False: "in time"}[self.late]
        return ", ".join(filter(None, [age, against_sla])) or "written"

    @property
    def verdict_class(self) -> str:
        """The CSS class of the verdict."""
        return {None: "soft", True: "bad", False: "good"}[self.late]


@dataclass(frozen=True)
class RunRow:
    """One run of a dataset; counts are None until it has succeeded."""

    run_id: str
    started_at: str
    state: str
    read: int | None
    published: int | None
    quarantined: int | None
    duplicate: int | None


@dataclass(frozen=True)
class Live:
    """All figures at one moment. `measured` has the last values of each rule of each table, newest first."""

    environment: str
    taken_at: str
    tables: Mapping[str, TableStatus]
    runs: Mapping[str, Sequence[RunRow]]
    reasons: Mapping[str, Sequence[tuple[str, int]]]
    measured: Mapping[tuple[str, str], Sequence[str]]
    usage: Usage = field(default_factory=Usage)

    def rule_history(self, table: str, rule: str) -> str:
        """The newest measurements of a rule, newest first."""
        return ", ".join(self.measured.get((table, rule), ())) or "not measured yet"


def read_live(  # noqa: PLR0913, PLR0917 - what is asked
    environment: str,
    athena: Athena,
    ledger: Ledger,
    contracts: Sequence[Contract],
    now: datetime,
    exports_bucket: str | None = None,
) -> Live:
    """Query Athena and the ledger, and list the exports. Raises QueryError, e.g. when tables do not exist yet."""
    tables = [table for contract in contracts for table in contract.tables]
    reasons: dict[str, list[tuple[str, int]]] = {}
    for row in athena.run(REASONS).rows:
        reasons.setdefault(str(row[0]), []).append((str(row[1]), int(str(row[2]))))
    return Live(
        environment=environment,
        taken_at=f"{now.astimezone(UTC):%Y-%m-%d %H:%M}",
        tables=_tables(athena, tables, now),
        runs={contract.name: _runs(ledger, contract.name) for contract in contracts if contract.droppable},
        reasons=reasons,
        measured=_measured(athena.run(MEASURED).rows),
        usage=read_usage(athena, exports_bucket, [table.physical_name for table in tables], now),
    )


def counting_sql(tables: Iterable[Table], now: datetime) -> str:
    """Return one query over all tables: name, rows, the greatest event time as text, and its age in minutes."""
    return "\nunion all\n".join(
        f"select '{table.physical_name}', count(*), {_newest(table, now)} from {table.physical_name}"
        for table in tables
    )


def _newest(table: Table, now: datetime) -> str:
    if table.event_time is None:
        return "cast(null as varchar), cast(null as bigint)"
    newest = f"max({table.event_time})"
    moment = f"timestamp '{now.astimezone(UTC):%Y-%m-%d %H:%M:%S}'"
    return f"cast({newest} as varchar), date_diff('minute', cast({newest} as timestamp), {moment})"


def _tables(athena: Athena, tables: Sequence[Table], now: datetime) -> dict[str, TableStatus]:
    counted = {str(row[0]): row[1:] for row in athena.run(counting_sql(tables, now)).rows}
    written = {str(row[0]): row[1] for row in athena.run(WRITTEN).rows}
    return {
        table.physical_name: _status(table, counted[table.physical_name], written.get(table.physical_name))
        for table in tables
    }


def _status(table: Table, counted: Sequence[str | None], written_at: str | None) -> TableStatus:
    rows, newest, minutes = counted
    return TableStatus(
        rows=int(str(rows)),
        newest=newest,
        newest_column=table.event_time,
        newest_hours=_hours(minutes),
        written_at=written_at,
        sla_hours=table.promised_hours,
    )


def _hours(minutes: str | None) -> float | None:
    return None if minutes is None else max(int(minutes), 0) / 60


def _runs(ledger: Ledger, dataset: str) -> list[RunRow]:
    return [
        RunRow(
            run_id=run.run_id,
            started_at=run.started_at[:19].replace("T", " "),
            state=run.state,
            read=run.counts.read if run.counts else None,
            published=run.counts.published if run.counts else None,
            quarantined=run.counts.quarantined if run.counts else None,
            duplicate=run.counts.duplicate if run.counts else None,
        )
        for run in ledger.runs.list(dataset, RUNS_SHOWN)
    ]


def _measured(rows: Sequence[Sequence[str | None]]) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for table, rule, value, _ in rows:
        shown = found.setdefault((str(table), str(rule)), [])
        if len(shown) < MEASUREMENTS_SHOWN:
            shown.append("nothing to measure" if value is None else f"{float(value):,.10g}")
    return found
