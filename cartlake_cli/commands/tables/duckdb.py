"""`lake duckdb`: the SQL with which a DuckDB on this machine reads the tables of the lake in place."""

from typing import Annotated

import typer

from cartlake import contracts
from cartlake_cli.commands.tables.register import registered
from cartlake_cli.context import Lake, lake_of
from cartlake_cli.errors import CommandError
from cartlake_cli.operations.registration import Registered, duckdb_sql


def register(app: typer.Typer) -> None:
    app.command("duckdb")(duckdb)


def duckdb(
    context: typer.Context,
    tables: Annotated[
        list[str] | None, typer.Argument(help="Tables, with or without the database; all without one.")
    ] = None,
) -> None:
    """Print SQL with which a local DuckDB reads tables in place, each in the version it has now."""
    lake = lake_of(context)
    found = [registered(lake, name) for name in tables] if tables else _written(lake)
    endpoint = lake.local_variables()["AWS_ENDPOINT_URL"] if lake.is_local else None
    typer.echo(duckdb_sql(found, endpoint), nl=False)


def _written(lake: Lake) -> list[Registered]:
    """Return every table that was ever written."""
    names = sorted(table.physical_name for contract in contracts.load_all() for table in contract.tables)
    found = []
    for name in names:
        try:
            found.append(registered(lake, name))
        except CommandError:  # it has no version to read
            continue
    return found
