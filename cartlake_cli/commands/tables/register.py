"""`lake register`: the SQL with which another platform reads a table in place."""

from enum import StrEnum
from typing import Annotated

import typer

from cartlake_cli.commands.tables.history import TableName
from cartlake_cli.context import Lake, lake_of
from cartlake_cli.named_tables import current, placement, table_named
from cartlake_cli.operations.registration import Registered, databricks_sql, snowflake_sql
from cartlake_cli.options import Json


class Platform(StrEnum):
    """The platform that reads the table."""

    DATABRICKS = "databricks"
    SNOWFLAKE = "snowflake"


def register(app: typer.Typer) -> None:
    app.command("register")(register_table)


def register_table(
    context: typer.Context,
    table: TableName,
    platform: Annotated[Platform | None, typer.Option("--for", help="Print the SQL for this platform.")] = None,
    json: Json = False,
) -> None:
    """Print the location of a table's current metadata, and the SQL with which another platform reads it."""
    lake = lake_of(context)
    found = registered(lake, table)
    statements = {Platform.DATABRICKS: databricks_sql(found), Platform.SNOWFLAKE: snowflake_sql(found)}
    if lake.output.as_json:
        chosen = {name.value: sql for name, sql in statements.items() if platform in (None, name)}
        lake.output.json({**found.model_dump(mode="json"), "sql": chosen})
    elif platform is not None:
        lake.output.console.print(statements[platform], markup=False, highlight=False, soft_wrap=True)
    else:
        lake.output.record(found.name, found.model_dump(mode="json"))
        lake.output.say("Add --for databricks or --for snowflake for the SQL; docs/exports.md explains it.")


def registered(lake: Lake, name: str) -> Registered:
    """Return where a table is. Raises NotFoundError if it does not exist, CommandError if it was never written."""
    _, table, stored = table_named(lake, name)
    database, bare = placement(lake).identifier(table)
    return Registered(
        name=table.physical_name,
        database=database,
        table=bare,
        location=stored.location(),
        metadata_location=stored.metadata_location,
        snapshot_id=str(current(stored, table.physical_name).snapshot_id),
        region=lake.outputs.region,
        account_id=lake.outputs.account_id,
    )
