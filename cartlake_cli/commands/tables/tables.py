"""`lake tables`: make the tables and views in the catalog what the contracts and SQL files say."""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cartlake import contracts
from cartlake.maintenance.documents import owner_of
from cartlake.refresh.graph import Graph, build_of
from cartlake.runs.ids import Workflow
from cartlake.tables.catalog import load_catalog
from cartlake_cli.athena import views
from cartlake_cli.athena.client import athena_of
from cartlake_cli.commands.tables import effects as table_effects
from cartlake_cli.commands.tables.repair import repair
from cartlake_cli.context import Lake, lake_of
from cartlake_cli.errors import CommandError, Exit
from cartlake_cli.named_tables import placement
from cartlake_cli.operations.recompute import mark_stale
from cartlake_cli.options import Json

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog

    from cartlake_cli.migrations.changes import TableChange

COLUMNS = ["object", "change", "detail", "old data", "read by"]

tables_app = typer.Typer(help="Create, evolve and repair tables and views of the contracts.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    tables_app.command("plan")(plan)
    tables_app.command("apply")(apply)
    tables_app.command("repair")(repair)
    app.add_typer(tables_app, name="tables")


def plan(
    context: typer.Context,
    check: Annotated[bool, typer.Option("--check", help="Exit with 1 when anything differs, drift included.")] = False,
    json: Json = False,
) -> None:
    """Show what `lake tables apply` would change, what it does to old rows, and which queries and tables read them."""
    from cartlake_cli.migrations import migrate as tables  # noqa: PLC0415 - seconds to import

    lake = lake_of(context)
    lake.connect()
    changes = tables.plan(load_catalog(), contracts.load_all(), placement(lake))
    view_changes = views.plan(lake.client("glue"), views_of(lake))
    rows = _rows(lake, changes, view_changes)
    lake.output.records("Planned changes", COLUMNS, rows)
    if check and rows:
        raise typer.Exit(Exit.FAILED)


def apply(context: typer.Context, json: Json = False) -> None:
    """Create missing tables and views and evolve existing ones. A destructive change is refused, not made."""
    lake = lake_of(context)
    lake.output.records("Changes made", COLUMNS, apply_all(lake))


def apply_all(lake: Lake) -> list[dict[str, Any]]:
    """Bring tables, then the views over them, up to date; returns a row per change.

    Raises DestructiveChangeError when a contract asks for what would break readers.
    """
    from cartlake_cli.migrations import migrate as tables  # noqa: PLC0415 - seconds to import

    lake.connect()
    catalog = load_catalog()
    changes = tables.apply(
        catalog, contracts.load_all(), placement(lake), lambda planned: _check_nobody_writes(lake, planned)
    )
    _build_new_tables(lake, catalog)
    view_changes = views.apply(lake.client("glue"), athena_of(lake), views_of(lake))
    return _rows(lake, changes, view_changes)


def _check_nobody_writes(lake: Lake, changes: Sequence["TableChange"]) -> None:
    """A run at work would find columns gone that it is about to write; it fails and loses nothing, but needlessly."""
    breaking = {change.table for change in changes if change.is_breaking}
    for contract in contracts.load_all():
        for table in contract.tables:
            if ".".join(placement(lake).identifier(table)) not in breaking:
                continue
            for work in filter(None, {owner_of(contract, table), Workflow.REFRESH}):
                if (lock := lake.ledger.locks.get(work)) is not None:
                    raise CommandError(
                        f"Nothing was changed: run {lock.run_id} is at work, and columns of {table.physical_name} "
                        "would change under it. Wait for it (`lake status`), then apply again."
                    )


def _build_new_tables(lake: Lake, catalog: "Catalog") -> None:
    """Have tables that were never built, and would hold rows, built from all there is."""
    where, graph = placement(lake), Graph.of(contracts.load_all())

    @cache
    def is_empty(name: str) -> bool:
        return catalog.load_table(where.identifier(graph.tables[name])).current_snapshot() is None

    def has_rows(name: str) -> bool:
        build = build_of(graph.tables[name])
        return build.unknown_member or not build.upstreams or not all(is_empty(up.table) for up in build.upstreams)

    to_build = [name for name in graph.order if is_empty(name) and has_rows(name)]
    if to_build:
        mark_stale(lake, to_build)


def views_of(lake: Lake) -> list[views.View]:
    written = views.read_views(lake.root / "athena_queries" / "views")
    known = contracts.load_all()
    return [*written, views.freshness_view(known), *views.masked_views(known)]


def _rows(
    lake: Lake, changes: Sequence["TableChange"], view_changes: Sequence[views.ViewChange]
) -> list[dict[str, Any]]:
    physical = {
        ".".join(placement(lake).identifier(table)): table.physical_name
        for contract in contracts.load_all()
        for table in contract.tables
    }
    shown = [(change.view.database, change.view.name, change.action) for change in view_changes]
    return [
        *table_effects.rows(lake.root, changes, physical),
        *({"object": f"{db}.{name}", "change": action, "detail": ""} for db, name, action in shown),
    ]
