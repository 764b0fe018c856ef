"""What tiles are made of: published snapshots, runs and stale tables, as relations of a DuckDB connection."""

# ruff: noqa: S608 - names are those of contracts

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import duckdb

from cartlake import contracts
from cartlake.aws import s3
from cartlake.contracts.rules.sql import text_literal
from cartlake.refresh.graph import Graph, Scope
from cartlake.runs.ids import RESERVED_NAMES
from glue_jobs.engines.duckdb.engine import light_catalog
from glue_jobs.engines.duckdb.iceberg.published import published
from glue_jobs.engines.duckdb.lake_tables import LakeTables
from glue_jobs.engines.duckdb.session import open_session
from lambdas.tile_writer.domain import Source, Tile, TileError, columns_of_rows, parse_tile, shown_columns
from lambdas.tile_writer.explore import ExploreIndex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cartlake.contracts import Contract, Table
    from cartlake.ledger import Ledger, RunRecord
    from glue_jobs.engines.duckdb.iceberg.published import Published
    from glue_jobs.engines.duckdb.session import Session

TILES: Final = Path(__file__).parent / "tiles"
"""One SQL file for each tile; its header says what it is, in the words of the named queries."""

ROWS: Final = ("curated", "ops")
"""Databases whose rows tiles are made of. Of those of `processed` only the versions are shown."""

RUNS_PER_SUBJECT: Final = 200

LEDGER_TABLES: Final[dict[str, dict[str, str]]] = {
    "ledger.runs": {
        "run_id": "varchar",
        "workflow": "varchar",
        "subject": "varchar",
        "state": "varchar",
        "started_at": "timestamp",
        "ended_at": "timestamp",
        "rows_read": "bigint",
        "published": "bigint",
        "quarantined": "bigint",
        "duplicate": "bigint",
        "engine": "varchar",
        "cost_usd": "double",
        "error": "varchar",
    },
    "ledger.tables": {
        "table_name": "varchar",
        "contract_version": "varchar",
        "snapshot_id": "varchar",
        "written_at": "timestamp",
        "promised_hours": "double",
        "is_stale": "boolean",
        "row_count": "bigint",
    },
    "ledger.row_rules": {"table_name": "varchar", "rule": "varchar"},
}
"""What is on record beside the tables of contracts, under the names by which tiles read it: columns and their types.
Times are UTC without a time zone: DuckDB returns those with one through a package that the layer does not have."""


@dataclass(frozen=True, slots=True)
class TileSource:
    """A DuckDB connection with one version of every table, and with the ledger."""

    session: Session
    sources: Mapping[str, Source]

    def columns(self, tile: Tile) -> dict[str, list[Any]]:
        """Return the values of a tile by column. Raises TileError where its SQL or its result is not as declared."""
        try:
            found = self.session.execute(tile.sql)
        except (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException) as error:
            said, *_ = str(error).splitlines()
            raise TileError(
                f"tiles/{tile.name}.sql: {said} Tiles read tables of contracts, without columns about people."
            ) from error
        names = [name for name, *_ in found.description or ()]
        return columns_of_rows(tile, names, found.fetchall())

    def sources_of(self, tile: Tile) -> list[Source]:
        """Return the versions of the tables that a tile names in its header."""
        return [self.sources.get(table, Source(table)) for table in tile.tables]


@contextmanager
def tile_source(prefix: str, ledger: Ledger, run_id: str, memory_mb: int) -> Iterator[TileSource]:
    """Open the published version of every table, and the ledger. `prefix` stands before the names of databases."""
    with open_session(memory_mb) as session:
        tables = LakeTables(session, light_catalog(), run_id)
        found = {
            table.physical_name: register(
                session, contract, table, published(tables, f"glue.{prefix}{table.physical_name}")
            )
            for contract in contracts.load_all()
            for table in contract.tables
            if table.database in (*ROWS, "processed")
        }
        register_ledger(session, ledger_rows(ledger, found))
        yield TileSource(session, found)


def read_tiles(folder: Path = TILES) -> list[Tile]:
    """Return the definitions in a folder, by name. Raises TileError for a header that is not complete."""
    return [parse_tile(path.stem, path.read_text()) for path in sorted(folder.glob("*.sql"))]


def explore_index(bucket: str) -> ExploreIndex | None:
    """Return the index of the files of Explore, None where there is none, or one of another version of the code."""
    try:
        return s3.find_model(f"s3://{bucket}/tiles/explore/index.json", ExploreIndex)
    except s3.DocumentError:
        return None


def register(session: Session, contract: Contract, table: Table, found: Published | None) -> Source:
    """Make a view with the columns of a table that tiles may read, if any; returns the version it shows.

    Without a table, as of a contract that is newer than the last deployment, there is no view.
    """
    about = Source(
        table.physical_name,
        contract.version,
        promised_hours=table.promised_hours,
        upstreams=tuple(up.table for up in table.build.upstreams) if table.build else (),
    )
    if found is None:
        return about
    if table.database in ROWS:  # a view reads the footers of files at once
        session.execute(f"create schema if not exists {table.database}")
        session.execute(f"create view {table.physical_name} as {found.sql(shown_columns(table))}")
    snapshot = None if found.snapshot_id is None else str(found.snapshot_id)
    return replace(about, snapshot_id=snapshot, written_at=found.written_at, rows=found.rows)


def register_ledger(session: Session, rows: Mapping[str, Iterable[Mapping[str, Any]]]) -> None:
    """Make a table for each part of the ledger that tiles may read."""
    session.execute("create schema if not exists ledger")
    for name, columns in LEDGER_TABLES.items():
        path = session.folder / f"{name}.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows[name]))
        types = ", ".join(f"{column}: '{kind}'" for column, kind in columns.items())
        session.execute(
            f"create table {name} as select * from read_json({text_literal(str(path))}, "
            f"format = 'newline_delimited', columns = {{{types}}})"
        )


def ledger_rows(ledger: Ledger, sources: Mapping[str, Source]) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of each part of the ledger that tiles may read."""
    stale = stale_tables(ledger)
    runs = [
        run
        for subject in [*contracts.names(), *sorted(RESERVED_NAMES)]
        for run in ledger.runs.list(subject, limit=RUNS_PER_SUBJECT)
    ]
    return {
        "ledger.runs": [run_row(run) for run in runs],
        "ledger.tables": [
            {
                "table_name": source.table,
                "contract_version": source.contract_version,
                "snapshot_id": source.snapshot_id,
                "written_at": source.written_at.astimezone(UTC).isoformat() if source.written_at else None,
                "promised_hours": source.promised_hours,
                "is_stale": source.table in stale,
                "row_count": source.rows,
            }
            for source in sources.values()
        ],
        "ledger.row_rules": [
            {"table_name": table.physical_name, "rule": rule.name}
            for contract in contracts.load_all()
            for table in contract.tables
            for rule in table.row_rules
        ],
    }


def stale_tables(ledger: Ledger) -> frozenset[str]:
    """Return the tables that the next refresh would rebuild."""
    changes: dict[str, Scope] = {}
    for mark in ledger.stale.pending():
        changes[mark.table] = changes.get(mark.table, Scope()) | mark.scope
    return frozenset(table.table for table in Graph.of(contracts.load_all()).stale(changes))


def run_row(run: RunRecord) -> dict[str, Any]:
    """Return a run as a row of `ledger.runs`; what a run did not do or count is null."""
    counts = run.counts
    return {
        "run_id": run.run_id,
        "workflow": run.workflow,
        "subject": run.subject,
        "state": run.state,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "rows_read": counts.read if counts else None,
        "published": counts.published if counts else None,
        "quarantined": counts.quarantined if counts else None,
        "duplicate": counts.duplicate if counts else None,
        "engine": run.engine.engine if run.engine else None,
        "cost_usd": run.cost_usd,
        "error": run.error,
    }
