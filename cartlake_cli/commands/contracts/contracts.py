"""`lake contracts check` and `show`, and the group of the other commands about contracts."""

from typing import Annotated, Any

import typer

from cartlake import contracts
from cartlake.errors import CartlakeError
from cartlake_cli.commands.contracts.diff import diff
from cartlake_cli.commands.contracts.docs import docs
from cartlake_cli.commands.contracts.drift import drift
from cartlake_cli.context import lake_of
from cartlake_cli.errors import Exit, NotFoundError
from cartlake_cli.options import Json

contracts_app = typer.Typer(help="Check and show data contracts.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    contracts_app.command("check")(check)
    contracts_app.command("show")(show)
    contracts_app.command("diff")(diff)
    contracts_app.command("drift")(drift)
    contracts_app.command("docs")(docs)
    app.add_typer(contracts_app, name="contracts")


def check(context: typer.Context, json: Json = False) -> None:
    """Read every contract and compile its rules. Exits with 1 when one is invalid, and shows each fault."""
    lake = lake_of(context)
    results = [_checked(name) for name in contracts.all_names()]
    lake.output.records("Contracts", ["contract", "version", "tables", "row_rules", "table_rules", "problem"], results)
    if any(result["problem"] for result in results):
        raise typer.Exit(Exit.FAILED)


def show(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="A contract; without one, all are listed.")] = None,
    json: Json = False,
) -> None:
    """Show a contract's tables, columns and rules."""
    lake = lake_of(context)
    if name is None:
        rows = [_checked(each) for each in contracts.all_names()]
        lake.output.records("Contracts", ["contract", "version", "tables", "row_rules", "table_rules"], rows)
        return
    try:
        contract = contracts.load(name)
    except contracts.UnknownDatasetError as error:
        raise NotFoundError(str(error)) from error
    if lake.output.as_json:
        lake.output.json([_described(table) for table in contract.tables])
        return
    for table in contract.tables:
        shown = _described(table)
        lake.output.records(
            f"{table.physical_name} {contract.version}", ["column", "type", "required", "about"], shown["columns"]
        )
        if shown["row_rules"]:
            lake.output.records("Row rules", ["rule", "severity", "holds_when"], shown["row_rules"])
        if shown["table_rules"]:
            lake.output.records("Table rules", ["rule", "severity", "expected"], shown["table_rules"])


def _checked(name: str) -> dict[str, Any]:
    try:
        contract = contracts.load(name)
    # Shown as a row, so that one invalid contract does not hide the others.
    except CartlakeError as error:
        return {"contract": name, "problem": str(error)}
    return {
        "contract": name,
        "version": contract.version,
        "tables": ", ".join(table.physical_name for table in contract.tables),
        "row_rules": sum(len(table.row_rules) for table in contract.tables),
        "table_rules": sum(len(table.table_rules) for table in contract.tables),
        "problem": None,
    }


def _described(table: contracts.Table) -> dict[str, Any]:
    return {
        "table": table.physical_name,
        "primary_key": list(table.primary_key),
        "columns": [
            {"column": column.name, "type": column.type, "required": column.required, "about": column.description}
            for column in table.columns
        ],
        "row_rules": [
            {"rule": rule.name, "severity": rule.severity, "holds_when": rule.expression} for rule in table.row_rules
        ],
        "table_rules": [
            {"rule": rule.name, "severity": rule.severity, "expected": rule.expected} for rule in table.table_rules
        ],
    }
