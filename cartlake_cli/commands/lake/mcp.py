"""`lake mcp`: a server of the Model Context Protocol, for assistants that ask the lake."""

from typing import Annotated

import typer

from cartlake_cli.agents.server import server
from cartlake_cli.agents.tools import Answers
from cartlake_cli.context import lake_of


def register(app: typer.Typer) -> None:
    """Add `lake mcp`."""
    app.command("mcp")(mcp)


def mcp(
    context: typer.Context,
    max_mb: Annotated[int, typer.Option(min=10, help="The most that one query may scan, in MB.")] = 1000,
) -> None:
    """Answer an assistant over standard input and output: tables, named queries, SQL that only reads."""
    lake = lake_of(context)
    _ = lake.outputs  # raises where nothing is deployed
    lake.connect()
    server(Answers(lake, max_mb * 1_000_000)).run("stdio")
