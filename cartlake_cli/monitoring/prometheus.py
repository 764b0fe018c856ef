"""Metrics of a lake in Prometheus' text format, from the ledger, table metadata and queues. Nothing is stored."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from cartlake.times import parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cartlake.ledger import RunRecord

PREFIX: Final = "cartlake"
_OUTCOMES: Final = ("published", "quarantined", "duplicate")


def exposition(status: Mapping[str, Any], health: Sequence[Mapping[str, Any]], day: Sequence[RunRecord]) -> str:
    """Return the metrics as text, each with its help and unit.

    `status` is that of `status_of`, `health` of `health_of`, `day` the runs that began in the last 24 hours.
    """
    registry = CollectorRegistry()
    _of_files(registry, status)
    _of_tables(registry, health)
    _of_runs(registry, day)
    return generate_latest(registry).decode()


def _gauge(registry: CollectorRegistry, name: str, about: str, labels: Sequence[str]) -> Gauge:
    return Gauge(f"{PREFIX}_{name}", about, labels, registry=registry)


def _of_files(registry: CollectorRegistry, status: Mapping[str, Any]) -> None:
    files = _gauge(registry, "files", "Files on record, by state.", ["dataset", "state"])
    waiting = _gauge(registry, "files_waiting", "Validated files that wait for a run.", ["dataset"])
    running = _gauge(registry, "run_at_work", "1 while a run holds the dataset.", ["dataset"])
    for one in status["datasets"]:
        for state, number in one.items():
            if state.isupper():
                files.labels(one["dataset"], state).set(number)
        waiting.labels(one["dataset"]).set(one["pending"])
        running.labels(one["dataset"]).set(1 if one["running"] else 0)
    letters = _gauge(registry, "dead_letters", "Messages in a dead-letter queue.", ["queue"])
    for queue, number in status["dead_letters"].items():
        letters.labels(queue).set(number)


def _of_tables(registry: CollectorRegistry, health: Sequence[Mapping[str, Any]]) -> None:
    age = _gauge(registry, "table_age_hours", "Hours since rows of a table were written.", ["table"])
    promised = _gauge(registry, "table_promised_hours", "The greatest age that the contract allows.", ["table"])
    overdue = _gauge(registry, "table_overdue", "1 when a table is older than its contract allows.", ["table"])
    rows = _gauge(registry, "table_rows", "Rows of a table.", ["table"])
    size = _gauge(registry, "table_bytes", "Bytes of the files of a table.", ["table"])
    refused = _gauge(registry, "quarantine_ratio", "Refused share of the rows of a table's last runs.", ["table"])
    for one in health:
        shown: Iterable[tuple[Gauge, Any]] = (
            (age, one["age_hours"]),
            (promised, one["promised_hours"]),
            (overdue, float(one["state"] == "overdue")),
            (rows, one.get("rows")),
            (size, one.get("size")),
            (refused, one["quarantine_rate"]),
        )
        for gauge, value in shown:
            if value is not None:
                gauge.labels(one["table"]).set(value)


def _of_runs(registry: CollectorRegistry, day: Sequence[RunRecord]) -> None:
    runs = _gauge(registry, "runs_last_day", "Runs that began in the last 24 hours.", ["subject", "state", "engine"])
    for (subject, state, engine), number in Counter((one.subject, str(one.state), _engine(one)) for one in day).items():
        runs.labels(subject, state, engine).set(number)
    rows = _gauge(registry, "rows_last_day", "Rows that runs of the last 24 hours read.", ["dataset", "outcome"])
    seconds = _gauge(registry, "run_seconds_last_day", "Seconds that runs of the last 24 hours took.", ["subject"])
    cost = _gauge(registry, "run_cost_usd_last_day", "US dollars of engines by list prices.", ["subject", "engine"])
    for one in day:
        for outcome in _OUTCOMES if one.counts else ():
            rows.labels(one.subject, outcome).inc(getattr(one.counts, outcome))
        if one.ended_at:
            seconds.labels(one.subject).inc((parse(one.ended_at) - parse(one.started_at)).total_seconds())
        if one.cost_usd is not None:
            cost.labels(one.subject, _engine(one)).inc(one.cost_usd)


def _engine(run: RunRecord) -> str:
    return run.engine.engine if run.engine else "none"
