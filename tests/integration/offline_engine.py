"""An engine that compiles the queries of a pipeline and reads and writes nothing: whatever it reads is empty."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import duckdb

from cartlake import contracts
from cartlake.runs.documents import BackfillPart, Load, Manifest, ManifestFile
from cartlake.runs.ids import new_run_id
from glue_jobs.dataset_etl.pipeline import load_files
from glue_jobs.dataset_etl.run import Run
from glue_jobs.engines.base import BatchCounts, Branch
from glue_jobs.engines.duckdb.engine import DuckDBEngine
from glue_jobs.engines.duckdb.session import Session, prepare
from glue_jobs.engines.duckdb.types import contract_type
from glue_jobs.shared.phases import Phases

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from cartlake.contracts import Contract, Table

_DAY = date(2026, 1, 1)


class OfflineEngine(DuckDBEngine):
    """An engine without tables or files: whatever is read has the columns it would have, and no rows."""

    def read_files(self, files: Sequence[ManifestFile], contract: Contract) -> str:
        names = [*(column.name for column in contract.table.file_columns), "_corrupt_record", "_source_file"]
        return self._empty(dict.fromkeys(names, "string"))

    def read_table(self, table: str, where: str | None = None) -> str:
        database, name = table.split(".")[1:]
        known = {one.physical_name: one for contract in contracts.load_all() for one in contract.tables}
        return self._empty({column.name: column.type for column in known[f"{database}.{name}"].columns})

    def read_branch(self, branch: Branch, table: Table, days: Collection[date] | None = None) -> str:
        return self._empty({column.name: column.type for column in table.columns})

    def read_version(self, table: str, snapshot_id: int) -> str:
        return self.read_table(table)

    def collect(self, rows: str) -> list[dict[str, Any]]:
        """Return one row of ones for the totals of repeated keys, so that they are made unique; no rows otherwise."""
        names = [name for name, _ in self._columns(rows)]
        return [dict.fromkeys(names, 1)] if names == ["copies", "keys"] else []

    def count_batch(self, judged: str, table: Table) -> BatchCounts:
        return BatchCounts(Counter(), 1, Counter({_DAY: 1}), clustered=True)

    def fresh_branch(self, table: str, name: str) -> Branch:
        return Branch(table, name, None)

    def stored_days(self, branch: Branch, table: Table, days: Collection[date]) -> frozenset[date]:
        return frozenset(days)

    def merge(self, rows: str, branch: Branch, table: Table, days: Collection[date]) -> None:
        """Write nothing."""

    def replace(self, changed: str, gone: str, branch: Branch, table: Table) -> None:
        """Write nothing."""

    def replace_rows(self, table: str, where: str, rows: str | None) -> None:
        """Write nothing."""

    def measure(self, branch: Branch, table: Table, days: Collection[date], now: datetime) -> list[Any]:
        return []

    def head(self, table: str, reference: str) -> int | None:
        return None

    def _empty(self, columns: dict[str, str]) -> str:
        listed = ", ".join(f'null::{contract_type(kind)} as "{name}"' for name, kind in columns.items())
        return self._view_of(f"select {listed} where false", "empty")


def compile_dataset(contract: Contract, *, backfill: bool) -> None:
    """Compile the queries of a load, or of a backfill, of a dataset, and let DuckDB bind them."""
    with _offline() as engine:
        load_files(_run(engine, contract, backfill=backfill))


@contextmanager
def _offline() -> Iterator[OfflineEngine]:
    with TemporaryDirectory() as folder, duckdb.connect() as connection:
        prepare(connection)
        yield OfflineEngine(Session(connection, Path(folder)), None, "")  # type: ignore[arg-type]


def _run(engine: OfflineEngine, contract: Contract, *, backfill: bool) -> Run:
    run_id = new_run_id(contract.name, datetime(2026, 1, 1, tzinfo=UTC), "000000")
    manifest = Manifest(
        run_id=run_id,
        dataset=contract.name,
        contract_version=contract.version,
        created_at="",
        files=[],
        backfill=backfill,
        part=BackfillPart(number=2, slices=3, unread=[Load(source_file="a", run_id="b")], before="1"),
    )
    return Run(
        engine=engine,
        manifest=manifest,
        contract=contract,
        database_prefix="lake.",
        target=f"lake.{contract.table.physical_name}",
        quarantine="lake.ops.quarantine_rows",
        quality="lake.ops.quality_results",
        started_at=datetime(2026, 1, 1, tzinfo=UTC),
        phases=Phases(),
    )
