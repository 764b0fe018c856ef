"""`lake contracts diff`: what changed in the contracts since a commit, whom it breaks, and what reads it."""

import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Annotated, Any

import sqlglot
import typer
from sqlglot import exp

from cartlake import contracts
from cartlake.contracts import Contract, Table
from cartlake_cli.athena import views
from cartlake_cli.athena.columns_read import DIALECT, ColumnUse, columns_of_tables, columns_read, through_views
from cartlake_cli.context import lake_of
from cartlake_cli.contracts.changes import ContractChange, compare, version_faults
from cartlake_cli.errors import CommandError, Exit, NotFoundError
from cartlake_cli.options import Json

FOLDER = "contracts"
COLUMNS = ["contract", "place", "change", "breaks", "read by"]


def diff(
    context: typer.Context,
    reference: Annotated[str, typer.Argument(metavar="[GIT-REF]", help="A commit, branch or tag.")] = "HEAD",
    breaking: Annotated[
        bool, typer.Option("--breaking", help="Fail only for what breaks readers or senders without a major version.")
    ] = False,
    json: Json = False,
) -> None:
    """Compare the contracts with those of a commit. Exits with 1 when a version does not say what changed."""
    lake = lake_of(context)
    before, after = contracts_at(lake.root, reference), list(contracts.load_all())
    changes = compare(before, after)
    faults = version_faults(before, after, changes)
    readers = readers_of(lake.root, before)
    rows = [_row(change, readers, before) for change in changes]
    if lake.output.as_json:
        lake.output.json({"since": reference, "changes": rows, "faults": [str(fault) for fault in faults]})
    else:
        lake.output.records(f"Contracts since {reference}", COLUMNS, rows)
        for fault in faults:
            lake.output.say(f"[red]{fault}[/red]")
    if any(fault.needed == "major" or not breaking for fault in faults):
        raise typer.Exit(Exit.FAILED)


def contracts_at(root: Path, reference: str) -> list[Contract]:
    """The contracts of a commit. Raises NotFoundError for a commit Git does not know, CommandError without Git."""
    listed = _git(root, "ls-tree", "--name-only", reference, f"{FOLDER}/")
    if listed.returncode != 0:
        words = listed.stderr.decode().strip()
        raise NotFoundError(f"Git knows no {reference!r} here: {words}. Give a commit, branch or tag.")
    names = [name for name in listed.stdout.decode().splitlines() if name.endswith(".odcs.yaml")]
    with TemporaryDirectory() as folder:
        for name in names:
            shown = _git(root, "show", f"{reference}:{name}")
            (Path(folder) / Path(name).name).write_bytes(shown.stdout)
        return [contracts.parse(path) for path in sorted(Path(folder).glob("*.odcs.yaml"))]


def _git(root: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, check=False)
    except FileNotFoundError as error:
        raise CommandError("`lake contracts diff` needs git on the PATH.") from error


def readers_of(
    root: Path, described: Sequence[Contract], former: Mapping[str, Iterable[str]] = MappingProxyType({})
) -> Mapping[ColumnUse, list[str]]:
    """The named queries and views that read each column, themselves or through other views, sorted by name.

    `former` adds columns that tables have and their contracts no longer do. Raises UnreadableSqlError.
    """
    tables = [table for contract in described for table in contract.tables]
    known = columns_of_tables(tables) | _not_of_contracts()
    for table, columns in former.items():
        known[table] = [*known.get(table, ()), *columns]
    found_views = views.read_views(root / "athena_queries" / "views")
    made_of: dict[str, dict[str, frozenset[ColumnUse]]] = {}
    for view in found_views:
        name = f"{view.database}.{view.name}"
        columns = _selected(view.sql)
        known[name] = list(columns)
        made_of[name] = {column: columns_read(name, select, known) for column, select in columns.items()}
    freshness = "ops.table_freshness"
    known.setdefault(freshness, ["table_name", "promised_hours", "written_at"])
    readers: dict[ColumnUse, set[str]] = {}
    texts = {path.stem: path.read_text() for path in sorted((root / "athena_queries").glob("*.sql"))}
    for name, sql in texts.items():
        for use in through_views(columns_read(name, sql, known), made_of):
            readers.setdefault(use, set()).add(name)
    for name, uses in made_of.items():
        for use in through_views(frozenset().union(*uses.values()), made_of):
            readers.setdefault(use, set()).add(name)
    return {use: sorted(names) for use, names in readers.items()}


def _not_of_contracts() -> dict[str, list[str]]:
    """Tables that Terraform makes: no contract describes them."""
    names = ("query_name", "query_hash", "state", "statement_type", "scanned_bytes", "total_milliseconds")
    return {"ops.query_history": [*names, "reused_result", "submitted_at", "day"]}


def _selected(sql: str) -> dict[str, str]:
    """Each column of a view's text, and a query that reads what that column is made of, and what chooses its rows."""
    body = re.split(r"\bas\s*\n", sql, maxsplit=1)[1]
    tree = sqlglot.parse_one(body, read=DIALECT)
    if not isinstance(tree, exp.Select):
        raise CommandError(f"A view must be one select: {sql[:80]}")
    found = {}
    for projection in tree.selects:
        alone = tree.copy()
        alone.set("expressions", [projection.copy()])
        found[projection.alias_or_name] = alone.sql(DIALECT)
    return found


def _row(change: ContractChange, readers: Mapping[ColumnUse, list[str]], before: Sequence[Contract]) -> dict[str, Any]:
    found = {contract.name: contract for contract in before}.get(change.contract)
    used = _readers_of_place(change, found, readers) if found else []
    return {
        "contract": change.contract,
        "place": change.place,
        "change": change.change,
        "breaks": change.breaks,
        "read by": ", ".join(used) or None,
    }


def _readers_of_place(change: ContractChange, contract: Contract, readers: Mapping[ColumnUse, list[str]]) -> list[str]:
    """Queries, views and built tables that read the column that changed, or the table if it is not about a column."""
    name, _, column = change.place.partition(".")
    tables = [table for table in contract.tables if table.name == name] or list(contract.tables)
    is_column = any(column == known.name for table in tables for known in table.columns)
    physical = {table.physical_name for table in tables}
    queries = {
        reader
        for use, names in readers.items()
        if use.table in physical and (not is_column or use.column == column)
        for reader in names
    }
    return [*sorted(queries), *built_from(physical)]


def built_from(physical: set[str]) -> list[str]:
    """The tables that are built from any of these, by their physical names."""
    tables: list[Table] = [table for contract in contracts.load_all() for table in contract.tables]
    return [
        table.physical_name
        for table in tables
        if table.build and physical & {upstream.table for upstream in table.build.upstreams}
    ]
