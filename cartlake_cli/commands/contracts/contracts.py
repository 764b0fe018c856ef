"""`lake contracts check` and `show`, and the group of the other commands about contracts."""

from typing import Annotated, Any

import typer

from cartlake import contracts
from cartlake_cli.commands.contracts.check import check, summary
from cartlake_cli.commands.contracts.diff import diff
from cartlake_cli.commands.contracts.docs import docs
from cartlake_cli.commands.contracts.draft import draft
from cartlake_cli.commands.contracts.drift import drift
from cartlake_cli.commands.contracts.mask import mask
from cartlake_cli.context import lake_of
from cartlake_cli.errors import NotFoundError
from cartlake_cli.options import Json

contracts_app = typer.Typer(help="Check and show data contracts.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    contracts_app.command("check")(check)
    contracts_app.command("show")(show)
    contracts_app.command("draft")(draft)
    contracts_app.command("diff")(diff)
    contracts_app.command("drift")(drift)
    contracts_app.command("mask")(mask)
    contracts_app.command("docs")(docs)
    app.add_typer(contracts_app, name="contracts")


def show(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="A contract; without one, all are listed.")] = None,
    json: Json = False,
) -> None:
    """Show a contract's tables, columns and rules."""
    lake = lake_of(context)
    if name is None:
        rows = [summary(each) for each in contracts.all_names()]
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


def _described(table: contracts.Table) -> dict[str, Any]:
    return {
        "table": table.physical_name,
        "primary_key": list(table.primary_key),
        "columns": [
            {"column": column.name, "type": column.type, "required": column.required, "about": column.description}
            for column in table.columns
        ],
        "row_rules": [
            {"rule": rule.name, "severity": rule.severity, "holds_when": rule.condition} for rule in table.row_rules
        ],
        "table_rules": [
            {"rule": rule.name, "severity": rule.severity, "expected": rule.expected} for rule in table.table_rules
        ],
    }
