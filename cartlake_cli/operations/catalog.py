"""Creates and changes the tables and views of an environment so that they match the contracts and the SQL files."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from cartlake import contracts
from cartlake.maintenance.documents import owner_of
from cartlake.refresh.graph import Graph, build_of
from cartlake.runs.ids import Workflow
from cartlake.tables.catalog import load_catalog
from cartlake_cli.athena import views
from cartlake_cli.athena.client import athena_of
from cartlake_cli.errors import CommandError
from cartlake_cli.named_tables import placement
from cartlake_cli.operations.coordinator import start_run
from cartlake_cli.operations.recompute import mark_stale, mark_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pyiceberg.catalog import Catalog

    from cartlake.tables.glue_catalog import LakeCatalog
    from cartlake_cli.athena.views import View, ViewChange
    from cartlake_cli.context import Lake
    from cartlake_cli.migrations.changes import TableChange


@dataclass(frozen=True, slots=True)
class CatalogChanges:
    """Changes of tables, and of the views over them, in the order they are made."""

    tables: Sequence[TableChange]
    views: Sequence[ViewChange]


def plan_changes(lake: Lake) -> CatalogChanges:
    """Return what `apply_changes` would do, refused changes and drift it leaves alone included; changes nothing.

    Raises TerminalError when a database is missing.
    """
    from cartlake_cli.migrations import migrate  # noqa: PLC0415 - seconds to import

    lake.connect()
    changes = migrate.plan(load_catalog(), contracts.load_all(), placement(lake))
    return CatalogChanges(changes, views.plan(lake.client("glue"), expected_views(lake)))


def apply_changes(lake: Lake, *, over_old_files: bool = False) -> CatalogChanges:
    """Bring tables, then the views over them, up to date; returns the changes made. Safe to repeat.

    A new table whose upstreams have rows is marked stale, so that the next refresh builds it, and so is a table whose
    reporting currency is another one now. Raises DestructiveChangeError when a contract asks for what would break
    readers, CommandError while a run writes a table that would lose or rename columns, or where files of a table lie in
    the place of a new one; with `over_old_files` it is created all the same. In each case no table is changed.
    """
    from cartlake_cli.migrations import migrate  # noqa: PLC0415 - seconds to import

    lake.connect()
    catalog = load_catalog()

    def allow(planned: Sequence[TableChange]) -> None:
        check_no_run_writes(lake, planned)
        if not over_old_files:
            check_no_old_files(catalog, planned)
        # Before its property is changed, which is what tells that it is to be rebuilt.
        mark_whole(lake, in_other_currency(lake, planned))

    changes = migrate.apply(catalog, contracts.load_all(), placement(lake), allow)
    if in_other_currency(lake, changes):
        start_run(lake, Workflow.REFRESH)
    _build_new_tables(lake, catalog)
    # After the tables: Athena refuses a view over a table or column that does not exist.
    view_changes = views.apply(lake.client("glue"), athena_of(lake), expected_views(lake))
    return CatalogChanges(changes, view_changes)


def expected_views(lake: Lake) -> list[View]:
    """Return the views an environment should have: those of SQL files, then those made from the contracts."""
    written = views.read_views(lake.root / "athena_queries" / "views")
    known = contracts.load_all()
    return [*written, views.freshness_view(known), *views.masked_views(known)]


def check_no_run_writes(lake: Lake, changes: Sequence[TableChange]) -> None:
    """Raise CommandError when a table would lose or rename columns while a run holds the lock on it.

    Such a run would fail when it writes to columns that are gone. No row would be lost, but the run would be in vain.
    """
    breaking = {change.table for change in changes if change.is_breaking}
    for contract in contracts.load_all():
        for table in contract.tables:
            if ".".join(placement(lake).identifier(table)) not in breaking:
                continue
            for subject in filter(None, {owner_of(contract, table), Workflow.REFRESH}):
                if (lock := lake.ledger.locks.get(subject)) is not None:
                    raise CommandError(
                        f"Nothing was changed: run {lock.run_id} is running, and columns of {table.physical_name} "
                        "would change under it. Wait for it (`lake status`), then apply again."
                    )


def check_no_old_files(catalog: LakeCatalog, changes: Sequence[TableChange]) -> None:
    """Raise CommandError when a table would be created in a folder with a table that has rows.

    Glue has lost that table. An empty one in its place would hide its rows, and maintenance delete its files.
    """
    from cartlake_cli.restore.tables import has_files_of_a_table  # noqa: PLC0415 - a second of import

    for change in changes:
        if change.action != "create":
            continue
        database, _, name = change.table.partition(".")
        if file := has_files_of_a_table(catalog, (database, name)):
            raise CommandError(
                f"Nothing was changed: {change.table} is not in Glue, but its rows are still in S3 ({file}). "
                "`lake restore` shows how to bring it back. To make an empty table all the same: "
                "`lake tables apply --over-old-files`."
            )


def in_other_currency(lake: Lake, changes: Sequence[TableChange]) -> list[str]:
    """Return the physical names of tables whose reporting currency these changes change."""
    changed = {change.table for change in changes if change.is_other_currency}
    tables = [table for contract in contracts.load_all() for table in contract.tables if table.build]
    return [one.physical_name for one in tables if ".".join(placement(lake).identifier(one)) in changed]


def _build_new_tables(lake: Lake, catalog: Catalog) -> None:
    where, graph = placement(lake), Graph.of(contracts.load_all())

    # Several tables read the same upstream, and each look loads metadata from S3.
    @cache
    def is_empty(name: str) -> bool:
        return catalog.load_table(where.identifier(graph.tables[name])).current_snapshot() is None

    if to_build := tables_to_build(graph, is_empty):
        mark_stale(lake, to_build)


def tables_to_build(graph: Graph, is_empty: Callable[[str], bool]) -> list[str]:
    """Return the tables that were never built and would get rows now, in the order they are built.

    `is_empty` returns for the physical name of a table whether it was never written. A table gets rows when it reads
    no other table, has a row for unknown keys, or one of its upstreams was written.
    """

    def gets_rows(name: str) -> bool:
        build = build_of(graph.tables[name])
        return build.unknown_member or not build.upstreams or not all(is_empty(up.table) for up in build.upstreams)

    return [name for name in graph.order if is_empty(name) and gets_rows(name)]
