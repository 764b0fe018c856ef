"""Drops the files of a smoke test, waits for their rows, and asks every view and query. Each step adds its lines."""

# ruff: noqa: S608 - tables are the environment's, values are keys and dates made here

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Final

from cartlake import contracts
from cartlake.aws.objects import S3Uri
from cartlake.aws.s3 import head
from cartlake.contracts.rules.sql import text_literal
from cartlake.errors import CartlakeError, TerminalError
from cartlake.ledger import FileState
from cartlake.runs.ids import Workflow
from cartlake_cli.errors import CommandError
from cartlake_cli.named_tables import placement
from cartlake_cli.operations.catalog import expected_views
from cartlake_cli.operations.follow import follow_refresh, wait_for_files
from cartlake_cli.operations.upload import landed_as
from cartlake_cli.smoke.rows import MONTHS, Keys, SmokeFile, day_of, smoke_files

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cartlake.ledger import FileRecord
    from cartlake_cli.context import Lake
    from cartlake_cli.smoke.asking import Asking
    from cartlake_cli.smoke.report import Report

BUILT: Final = {
    "transactions": ("curated.sales_daily", "order_date"),
    "reviews": ("processed.verified_reviews", "purchased_on"),
    "clickstream": ("curated.fct_sessions", "session_date"),
}
"""A table that is built from each of these datasets, and its column with the day."""


@dataclass(slots=True)
class Smoke:
    """One smoke test of a lake: what it drops and what it finds."""

    lake: Lake
    asking: Asking
    report: Report
    datasets: Sequence[str]
    token: str
    timeout_seconds: float
    keys: Keys = field(default_factory=Keys.new)
    files: list[SmokeFile] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)
    runs: set[str] = field(default_factory=set)

    def load(self) -> date:
        """Drop the files, wait for a verdict on each, and add a line for each; returns the day of their rows.

        The content that comes again is dropped last: of two files at once either may be the first. Raises CommandError
        when no month is free of real rows.
        """
        month = self._free_month()
        self.files = smoke_files(self.datasets, month, self.keys, self.token)
        for repeats in (False, True):
            some = [file for file in self.files if file.repeats is repeats]
            for file in some:
                self._upload(file)
            self._wait(some)
        return day_of(month)

    def _upload(self, file: SmokeFile) -> None:
        bucket = self.lake.outputs.buckets["raw"]
        self.lake.client("s3").put_object(Bucket=bucket, Key=file.key, Body=file.content)
        found = head(S3Uri(bucket, file.key))
        if found is None:
            raise CommandError(f"s3://{bucket}/{file.key} is not there right after its upload.")
        self.ids[file.key] = landed_as(S3Uri(bucket, file.key), found).file_id

    def _wait(self, files: Sequence[SmokeFile]) -> None:
        dropped: dict[str, list[str]] = {}
        for one in files:
            dropped.setdefault(one.dataset, []).append(self.ids[one.key])
        try:
            wait_for_files(self.lake, dropped, lambda _states, _runs: None, timeout_seconds=self.timeout_seconds)
        except CartlakeError as error:
            self.report.failure("files are processed", str(error))
        known = {file.file_id: file for file in self.lake.ledger.files.get_many(list(self.ids.values()))}
        for one in files:
            self._judge(one, known.get(self.ids[one.key]))

    def rebuild(self) -> None:
        """Wait for the refresh, and add its line."""
        before = {run.run_id for run in self.lake.ledger.runs.list(Workflow.REFRESH)}
        try:
            runs = follow_refresh(self.lake, timeout_seconds=self.timeout_seconds)
        except CartlakeError as error:
            self.report.failure("refresh", str(error))
            return
        self.runs |= {run.run_id for run in runs if run.run_id not in before}
        self.report.proved("refresh", "every table that is built from the rows is up to date")

    def count_rows(self, day: date) -> None:
        """Compare rows, quarantined rows and rows of built tables with what was dropped."""
        for one in self.files:
            if one.good:
                self._count_file(one)
        for name, (table, column) in BUILT.items():
            if name in self.datasets:
                where = f"{column} = date '{day}'"
                self._ask(f"built {table}", lambda table=table, where=where: self._count(table, where), at_least=1)

    def ask_views(self) -> None:
        """Ask each view for a row."""
        for view in expected_views(self.lake):
            name = f"{view.database}.{view.name}"
            table = f'"{self.lake.outputs.databases.get(view.database, view.database)}"."{view.name}"'
            self._ask(f"view {name}", lambda table=table: len(self.asking.rows(f"select * from {table} limit 1")))

    def ask_queries(self) -> None:
        """Run each named query with the defaults of its parameters."""
        for name, sql in sorted(self.asking.named_queries().items()):
            self._ask(f"query {name}", lambda name=name, sql=sql: self.asking.named(name, sql))

    def _free_month(self) -> date:
        taken = {month for name in self.datasets for month in self._months_with_rows(name)}
        free = [month for month in MONTHS if month not in taken]
        if not free:
            raise CommandError(
                f"The lake has rows in every month from {MONTHS[0]} to {MONTHS[-1]}, so no day is free for smoke tests."
            )
        return free[0]

    def _months_with_rows(self, dataset: str) -> set[date]:
        table = contracts.load(dataset).table
        event = f"cast({table.event_time} as date)"
        database, name = placement(self.lake).identifier(table)
        found = self.asking.rows(
            f'select distinct date_trunc(\'month\', {event}) from "{database}"."{name}" '
            f"where {event} < date '{MONTHS[-1].replace(year=MONTHS[-1].year + 1, month=1)}'"
        )
        return {date.fromisoformat(str(value)[:10]) for (value,) in found}

    def _judge(self, one: SmokeFile, record: FileRecord | None) -> None:
        kind = one.name.rpartition(".")[2]
        state = record.state if record else "not received"
        why = f"{state}: {record.reason or ''} {record.detail or ''}" if record else "no function has seen it"
        if record and record.run_id:
            self.runs.add(record.run_id)
        if one.repeats:
            self.report.check("duplicate file", holds=state == FileState.DUPLICATE, detail=str(state))
        elif one.reason:
            holds = state == FileState.REJECTED and record is not None and record.reason == one.reason
            self.report.check("rejected file", holds=holds, detail=why)
        else:
            detail = f"run {record.run_id}" if record and state == FileState.LOADED else why
            self.report.check(f"load {one.dataset} ({kind})", holds=state == FileState.LOADED, detail=detail)

    def _count_file(self, one: SmokeFile) -> None:
        uri = text_literal(f"s3://{self.lake.outputs.buckets['raw']}/{one.key}")
        table = contracts.load(one.dataset).table.physical_name
        self._ask(f"rows {one.dataset}", lambda: self._count(table, f'"_source_file" = {uri}'), exactly=one.good)
        if one.bad:
            where = f"dataset = {text_literal(one.dataset)} and source_file = {uri}"
            self._ask(f"quarantine {one.dataset}", lambda: self._count("ops.quarantine_rows", where), exactly=one.bad)

    def _count(self, table: str, where: str) -> int:
        database, _, name = table.partition(".")
        return self.asking.number(
            f'select count(*) from "{self.lake.outputs.databases.get(database, database)}"."{name}" where {where}'
        )

    def _ask(self, line: str, ask: object, *, exactly: int | None = None, at_least: int = 0) -> None:
        try:
            rows = ask()  # type: ignore[operator]
        except (CartlakeError, TerminalError) as error:
            self.report.failure(line, str(error))
            return
        if exactly is not None:
            self.report.check(line, holds=rows == exactly, detail=f"{rows} of {exactly} rows")
        else:
            self.report.check(line, holds=rows >= at_least, detail=f"{rows} rows")
