"""Who writes and who reads the tables of a deployed lake: runs by lineage, queries by the history, exports."""

# ruff: noqa: S608 - the only value in these queries is a day

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from cartlake.aws.clients import aws_errors, client
from cartlake_cli.athena.client import Athena

DAYS: Final = 28
RUNS_SHOWN: Final = 5

_TITLE: Final = re.compile(r"--\s*([^:\n]+):")
"""The title of a named query, by which the history knows it: `-- Daily KPIs: what was sold …`."""


@dataclass(frozen=True, slots=True)
class TableRun:
    """A run that wrote a table, or failed to. `version` is the snapshot it wrote, `rows` how many it wrote."""

    run_id: str
    ended_at: str
    outcome: str
    rows: int | None
    version: str | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """How often a query ended in the last 28 days, and when it did last."""

    times: int
    last: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Runs by table, newest first; queries by their name or title; the ids of exports by table, newest first."""

    runs: Mapping[str, Sequence[TableRun]] = field(default_factory=dict)
    queries: Mapping[str, Asked] = field(default_factory=dict)
    exports: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def asked(self, name: str, sql: str) -> Asked | None:
        """Return how often a named query was asked, by its name as a prepared statement or by its title."""
        title = _TITLE.match(sql.lstrip())
        found = [self.queries[one] for one in {name, title[1].strip() if title else name} if one in self.queries]
        return Asked(sum(one.times for one in found), max(one.last for one in found)) if found else None


def read_usage(athena: Athena, exports_bucket: str | None, tables: Iterable[str], now: datetime) -> Usage:
    """Ask Athena and list the exports. Raises QueryError with Athena's message."""
    runs: dict[str, list[TableRun]] = {}
    for table, *rest in athena.run(written_sql(now)).rows:
        shown = runs.setdefault(str(table), [])
        if len(shown) < RUNS_SHOWN:
            shown.append(_run(rest))
    queries = {
        str(name): Asked(int(str(times)), str(last)[:19]) for name, times, last in athena.run(asked_sql(now)).rows
    }
    exports = {table: _exports(exports_bucket, table) for table in tables} if exports_bucket else {}
    return Usage(runs, queries, {table: ids for table, ids in exports.items() if ids})


def written_sql(now: datetime) -> str:
    """Return the query of the runs that wrote each table in the last days, newest first; not those of maintenance."""
    return f"""
select table_name, run_id, cast(event_time as varchar), event_type, row_count, dataset_version, error
from ops.lineage
where day >= '{_first(now)}' and direction = 'output' and event_type <> 'START' and workflow <> 'maintenance'
order by event_time desc, run_id
"""


def asked_sql(now: datetime) -> str:
    """Return the query of how often each query ended in the last days, and when last."""
    return f"""
select query_name, count(*), cast(max(submitted_at) as varchar)
from ops.query_history
where day >= '{_first(now)}'
group by query_name
"""


def _first(now: datetime) -> str:
    return f"{(now - timedelta(days=DAYS)).date()}"


def _run(columns: Sequence[str | None]) -> TableRun:
    run_id, ended_at, outcome, rows, version, error = columns
    written = None if rows is None else int(rows)
    return TableRun(str(run_id), str(ended_at)[:19], str(outcome), written, version, error)


def _exports(bucket: str, table: str) -> list[str]:
    """The ids of the exports of a table in the lake's own bucket, which are times; newest first."""
    pages = client("s3").get_paginator("list_objects_v2")
    with aws_errors():
        found = [
            folder["Prefix"].rstrip("/").rpartition("/")[2]
            for page in pages.paginate(Bucket=bucket, Prefix=f"{table}/", Delimiter="/")
            for folder in page.get("CommonPrefixes", [])
        ]
    return sorted(found, reverse=True)
