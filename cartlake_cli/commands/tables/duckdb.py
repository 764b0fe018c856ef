"""`lake duckdb`: the SQL that attaches a DuckDB on this machine to the tables of the lake."""

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
    """Print SQL that attaches a local DuckDB to the catalog: each query reads the newest version of a table."""
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
