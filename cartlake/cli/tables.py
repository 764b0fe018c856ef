"""`lake tables`: make the tables and views in the catalog what the contracts and SQL files say."""

from functools import cache
from typing import TYPE_CHECKING, Any

import typer

from cartlake import contracts, tables, views
from cartlake.catalog import load_catalog
from cartlake.cli.context import Lake, lake_of
from cartlake.cli.options import Json
from cartlake.cli.query import athena_of
from cartlake.cli.recompute import mark_stale
from cartlake.staleness import Graph, build_of

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog

COLUMNS = ["object", "change", "detail"]

tables_app = typer.Typer(help="Create and evolve tables and views from the contracts.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    tables_app.command("plan")(plan)
    tables_app.command("apply")(apply)
    app.add_typer(tables_app, name="tables")


def plan(context: typer.Context, json: Json = False) -> None:
    """Show what `lake tables apply` would change."""
    lake = lake_of(context)
    lake.connect()
    changes = tables.plan(load_catalog(), contracts.load_all(), placement(lake))
    view_changes = views.plan(lake.client("glue"), views_of(lake))
    lake.output.records("Planned changes", COLUMNS, _rows(changes, view_changes))


def apply(context: typer.Context, json: Json = False) -> None:
    """Create missing tables and views and evolve existing ones. A destructive change is refused, not made."""
    lake = lake_of(context)
    lake.output.records("Changes made", COLUMNS, apply_all(lake))


def apply_all(lake: Lake) -> list[dict[str, Any]]:
    """Bring tables, then the views over them, up to date; returns a row per change.

    Raises DestructiveChangeError when a contract asks for what would break readers.
    """
    lake.connect()
    catalog = load_catalog()
    changes = tables.apply(catalog, contracts.load_all(), placement(lake))
    _build_new_tables(lake, catalog)
    view_changes = views.apply(lake.client("glue"), athena_of(lake), views_of(lake))
    return _rows(changes, view_changes)


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


def placement(lake: Lake) -> tables.Placement:
    """Where this environment keeps the tables of each database a contract names."""
    return tables.Placement(lake.outputs.databases, {})


def views_of(lake: Lake) -> list[views.View]:
    written = views.read_views(lake.root / "athena_queries" / "views")
    known = contracts.load_all()
    return [*written, views.freshness_view(known), *views.masked_views(known)]


def _rows(changes: list[tables.TableChange], view_changes: list[views.ViewChange]) -> list[dict[str, Any]]:
    rows = [{"object": change.table, "change": change.action, "detail": _detail(change)} for change in changes]
    shown = [(change.view.database, change.view.name, change.action) for change in view_changes]
    return [*rows, *({"object": f"{db}.{name}", "change": action, "detail": ""} for db, name, action in shown)]


def _detail(change: tables.TableChange) -> str:
    moved = f"{change.before or '-'} → {change.after or '-'}" if change.before or change.after else ""
    return " ".join(part for part in (change.target, moved, change.advice) if part)
