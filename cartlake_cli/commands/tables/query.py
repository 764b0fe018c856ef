"""`lake query`: a named query or any SQL, through the Athena API."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer

from cartlake import contracts
from cartlake.queries.named_queries import NamedQuery, ParameterError
from cartlake.queries.rights import can_run
from cartlake_cli.athena.client import NUMERIC, QueryResult, athena_of
from cartlake_cli.context import Lake, lake_of
from cartlake_cli.errors import CommandError, NotFoundError
from cartlake_cli.options import Json

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def register(app: typer.Typer) -> None:
    app.command("query")(query)
    app.command("queries")(queries)


def query(
    context: typer.Context,
    name_or_sql: Annotated[str, typer.Argument(metavar="NAME|SQL", help="A named query, SQL, or @file.sql.")],
    parameter: Annotated[
        list[str] | None,
        typer.Option("--param", "-p", help="name=value of a named query; for SQL, a literal for each `?`, in order."),
    ] = None,
    database: Annotated[str, typer.Option(help="Database of table names without one.")] = "processed",
    json: Json = False,
) -> None:
    """Run a named query (`lake queries` lists them) or SQL and print its rows."""
    lake = lake_of(context)
    result = run_query(lake, name_or_sql, parameter or [], database)
    show(lake, name_or_sql if NAME.fullmatch(name_or_sql) else "", result)


def queries(context: typer.Context, json: Json = False) -> None:
    """List the named queries analysts see in the Athena console."""
    lake = lake_of(context)
    found = sorted(athena_of(lake).named_queries().items())
    made = {path.stem: path.read_text() for path in (lake.root / "athena_queries" / "views").glob("*.sql")}
    tables = [table for contract in contracts.load_all() for table in contract.tables]
    rows = [
        {**_row(NamedQuery.read(name, sql)), "analyst": "yes" if can_run("analyst", sql, made, tables) else "no"}
        for name, sql in found
    ]
    lake.output.records("Named queries", ["name", "about", "parameters", "analyst"], rows)
    lake.output.say("analyst: whether the role without personal data can run it; docs/security.md.")


def _row(query: NamedQuery) -> dict[str, Any]:
    return {**asdict(query), "parameters": ", ".join(map(str, query.parameters)) or None}


def run_query(lake: Lake, name_or_sql: str, parameters: Sequence[str] = (), database: str = "processed") -> QueryResult:
    """Run a named query, its parameters given as `name=value`, or SQL with a literal for each `?`.

    Returns its rows. Raises NotFoundError for a query or file that does not exist, CommandError for parameters the
    query does not have, QueryError with Athena's message.
    """
    sql = sql_of(lake, name_or_sql)
    # One word is never SQL that returns rows, so it is the name of a query.
    if NAME.fullmatch(name_or_sql):
        parameters = _literals(NamedQuery.read(name_or_sql, sql), parameters)
    return athena_of(lake).run(sql, parameters, database)


def _literals(query: NamedQuery, parameters: Sequence[str]) -> list[str]:
    given = dict(_pair(query, parameter) for parameter in parameters)
    try:
        return query.literals(given, datetime.now(UTC).date())
    except ParameterError as error:
        raise CommandError(str(error)) from error


def _pair(query: NamedQuery, parameter: str) -> tuple[str, str]:
    name, equals, value = parameter.partition("=")
    if not equals:
        listed = ", ".join(map(str, query.parameters)) or "none"
        raise CommandError(f"-p {parameter} has no value: write -p name=value. {query.name} has: {listed}.")
    return name.strip(), value.strip()


def sql_of(lake: Lake, name_or_sql: str) -> str:
    """Return the SQL to run. Raises NotFoundError for a named query or file that does not exist."""
    if name_or_sql.startswith("@"):
        path = Path(name_or_sql[1:])
        if not path.is_file():
            raise NotFoundError(f"There is no file {path}.")
        return path.read_text()
    if not NAME.fullmatch(name_or_sql):
        return name_or_sql
    known = athena_of(lake).named_queries()
    if name_or_sql not in known:
        msg = f"There is no named query {name_or_sql!r}. There are: {', '.join(sorted(known)) or 'none'}."
        raise NotFoundError(msg)
    return known[name_or_sql]


def show(lake: Lake, title: str, result: QueryResult, *, most: int | None = None) -> None:
    """Print the rows, or the first `most` of them; numbers keep Athena's text, so no digit is lost."""
    if lake.output.as_json:
        lake.output.json([_typed(record, result, _value) for record in result.records()])
        return
    if not result.columns:
        lake.output.say("Done.")
        return
    names = [name for name, _ in result.columns]
    rows = [_typed(record, result, _shown) for record in result.records()[:most]]
    lake.output.records(title, names, rows, whole=True)
    if most is not None and len(result.rows) > most:
        lake.output.say(f"… and {len(result.rows) - most:,} rows more")
    lake.output.say(
        f"[dim]{len(result.rows):,} rows, {result.scanned_bytes / 1e6:,.2f} MB scanned, "
        f"{result.milliseconds / 1000:.2f} s, query {result.query_execution_id}[/dim]"
    )


def _typed(
    record: dict[str, str | None], result: QueryResult, read: Callable[[str | None, str], Any]
) -> dict[str, Any]:
    types = dict(result.columns)
    return {name: read(text, types[name]) for name, text in record.items()}


def _shown(text: str | None, kind: str) -> int | Decimal | str | None:
    """Return a number with all its digits, so that it is printed as a number; anything else as Athena wrote it."""
    if text is None or kind not in NUMERIC or not re.fullmatch(r"-?\d+(\.\d+)?", text):
        return text
    return Decimal(text) if "." in text else int(text)


def _value(text: str | None, kind: str) -> bool | float | Decimal | str | None:
    """Return what Athena wrote as a value of its type. Decimals keep every digit; times and dates stay text."""
    match kind:
        case "boolean" if text in {"true", "false"}:
            return text == "true"
        case "double" | "float" | "real" if text is not None and math.isfinite(float(text)):
            return float(text)
        case "decimal" if text is not None:
            return Decimal(text)
        case "tinyint" | "smallint" | "integer" | "bigint" if text is not None:
            return int(text)
    return text
