"""`lake contracts check`: read every contract, and show the faults of those that cannot be used."""

from typing import Any

import typer

from cartlake import contracts
from cartlake.contracts import ContractError
from cartlake.errors import CartlakeError
from cartlake_cli.context import lake_of
from cartlake_cli.errors import Exit
from cartlake_cli.light_queries.declared_transforms import check_transforms
from cartlake_cli.options import Json

COLUMNS = ["contract", "version", "tables", "row_rules", "table_rules"]


def check(context: typer.Context, json: Json = False) -> None:
    """Read every contract and compile its rules. Exits with 1 when one is invalid, and shows each fault."""
    output = lake_of(context).output
    results = [summary(name) for name in contracts.all_names()]
    invalid = [result for result in results if result["problem"]]
    if output.as_json:
        output.json(results)
    else:
        output.records("Contracts", COLUMNS, [result for result in results if not result["problem"]])
        for result in invalid:
            # Whole lines, for faults are longer than the cell of a table is wide.
            output.lines([f"{result['contract']} cannot be used:", *(f"  {line}" for line in result["faults"])])
    if invalid:
        raise typer.Exit(Exit.FAILED)


def summary(name: str) -> dict[str, Any]:
    """Return name, version, tables and numbers of rules of a contract; of an invalid one its `problem` and `faults`."""
    try:
        contract = contracts.load(name)
        check_transforms(contract)
    # Shown beside the others, so that one invalid contract does not hide them.
    except CartlakeError as error:
        faults = [str(fault) for fault in error.faults] if isinstance(error, ContractError) else [str(error)]
        return {"contract": name, "problem": str(error), "faults": faults}
    return {
        "contract": name,
        "version": contract.version,
        "tables": ", ".join(table.physical_name for table in contract.tables),
        "row_rules": sum(len(table.row_rules) for table in contract.tables),
        "table_rules": sum(len(table.table_rules) for table in contract.tables),
        "problem": None,
    }
