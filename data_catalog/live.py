"""What a deployed lake says of its tables now: rows, freshness, runs, and how each rule fared."""

# ruff: noqa: S608 - every name in these queries comes from a contract

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cartlake.athena import Athena
from cartlake.contracts import Contract, Table
from cartlake.ledger import Ledger

RUNS_SHOWN = 10
MEASUREMENTS_SHOWN = 5
REASONS = """
select dataset, reason, count(*) as failed
from ops.quarantine_rows cross join unnest(reasons) as broken(reason)
where replay_id is null
group by dataset, reason
order by dataset, failed desc, reason
"""
MEASURED = "select table_name, rule, value, measured_at from ops.quality_results order by measured_at desc, run_id"


@dataclass(frozen=True)
class TableNow:
    """One table. `newest` is the greatest value of its event time, `hours` how long ago it was written."""

    rows: int
    newest: str | None
    newest_column: str | None
    written_at: str | None
    hours: float | None
    promised_hours: float | None

    @property
    def verdict(self) -> str:
        if self.hours is None:
            return "never written"
        said = f"written {self.hours:,.1f} h ago"
        if self.promised_hours is None:
            return said
        return f"{said}, {'late' if self.hours > self.promised_hours else 'in time'}"

    @property
    def verdict_class(self) -> str:
        if self.hours is None or self.promised_hours is None:
            return "soft"
        return "bad" if self.hours > self.promised_hours else "good"


@dataclass(frozen=True)
class RunShown:
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
    """All of it at one moment. `measured` holds the newest values of each rule of each table, newest first."""

    environment: str
    taken_at: str
    tables: Mapping[str, TableNow]
    runs: Mapping[str, Sequence[RunShown]]
    reasons: Mapping[str, Sequence[tuple[str, int]]]
    measured: Mapping[tuple[str, str], Sequence[str]]

    def rule_history(self, table: str, rule: str) -> str:
        """The newest measurements of a rule, newest first."""
        return ", ".join(self.measured.get((table, rule), ())) or "not measured yet"


def read_live(environment: str, athena: Athena, ledger: Ledger, contracts: Sequence[Contract], now: datetime) -> Live:
    """Ask Athena and the ledger. Raises QueryError with Athena's words, e.g. when tables were not made yet."""
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
    )


def counting_sql(tables: Iterable[Table]) -> str:
    """One query over all tables: name, rows, and the greatest event time as text."""
    return "\nunion all\n".join(
        f"select '{table.physical_name}', count(*), {_newest(table)} from {table.physical_name}" for table in tables
    )


def _newest(table: Table) -> str:
    return f"cast(max({table.event_time}) as varchar)" if table.event_time else "cast(null as varchar)"


def _tables(athena: Athena, tables: Sequence[Table], now: datetime) -> dict[str, TableNow]:
    counted = {str(row[0]): (int(str(row[1])), row[2]) for row in athena.run(counting_sql(tables)).rows}
    moment = f"{now.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    freshness = athena.run(
        "select table_name, cast(written_at as varchar), "
        f"date_diff('minute', written_at, timestamp '{moment} UTC') from ops.table_freshness"
    )
    written = {str(row[0]): (row[1], row[2]) for row in freshness.rows}
    return {
        table.physical_name: TableNow(
            rows=counted[table.physical_name][0],
            newest=counted[table.physical_name][1],
            newest_column=table.event_time,
            written_at=written.get(table.physical_name, (None, None))[0],
            hours=_hours(written.get(table.physical_name, (None, None))[1]),
            promised_hours=table.promised_hours,
        )
        for table in tables
    }


def _hours(minutes: str | None) -> float | None:
    return None if minutes is None else max(int(minutes), 0) / 60


def _runs(ledger: Ledger, dataset: str) -> list[RunShown]:
    return [
        RunShown(
            run_id=run.run_id,
            started_at=run.started_at[:19].replace("T", " "),
            state=run.state,
            read=run.counts.read if run.counts else None,
            published=run.counts.published if run.counts else None,
            quarantined=run.counts.quarantined if run.counts else None,
            duplicate=run.counts.duplicate if run.counts else None,
        )
        for run in ledger.runs(dataset, RUNS_SHOWN)
    ]


def _measured(rows: Sequence[Sequence[str | None]]) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for table, rule, value, _ in rows:
        shown = found.setdefault((str(table), str(rule)), [])
        if len(shown) < MEASUREMENTS_SHOWN:
            shown.append("nothing to measure" if value is None else f"{float(value):,.10g}")
    return found
