"""`lake roles`: who reads which tables, and how to assume a role."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from cartlake import contracts
from cartlake.queries.rights import PEOPLE, Right, rights_of
from cartlake_cli.context import Lake, lake_of
from cartlake_cli.errors import CommandError, NotReadyError
from cartlake_cli.options import Json


def register(app: typer.Typer) -> None:
    app.command("roles")(roles)


def roles(
    context: typer.Context,
    role: Annotated[str | None, typer.Option(help="Show the columns that this role reads of each table.")] = None,
    json: Json = False,
) -> None:
    """Show which role reads which tables, by the contracts, and how to assume it."""
    lake = lake_of(context)
    if role not in (None, *PEOPLE):
        raise CommandError(f"No role {role!r} reads tables; these do: {', '.join(PEOPLE)}. Producers only drop files.")
    found = rights_of(contracts.load_all(), PEOPLE if role is None else (role,))
    made = _made(lake)
    if lake.output.as_json:
        lake.output.json({"rights": [asdict(one) for one in found], "roles": made})
        return
    if role is None:
        lake.output.records("Who reads which table", ["table", *PEOPLE, "protected"], _by_table(found))
    else:
        lake.output.records(f"What {role} reads", ["table", "columns"], [_of_role(one) for one in found])
    lake.output.lines(_how_to_assume(made, role))


def _made(lake: Lake) -> dict[str, str]:
    """Return the ARNs of the roles that are deployed; none where no lake is."""
    try:
        return lake.outputs.access_roles
    except NotReadyError:
        return {}


def _by_table(found: list[Right]) -> list[dict[str, Any]]:
    tables = {table.physical_name: table for contract in contracts.load_all() for table in contract.tables}
    known = {(one.table, one.role): one for one in found}
    return [
        {
            "table": name,
            **{role: _shown(known[name, role]) for role in PEOPLE},
            "protected": ", ".join(column.name for column in table.protected_columns) or None,
        }
        for name, table in tables.items()
    ]


def _shown(right: Right) -> str:
    return "reads" if right.columns else right.instead or "-"


def _of_role(right: Right) -> dict[str, Any]:
    refused = f"refused; read {right.instead}" if right.instead else "refused"
    return {"table": right.table, "columns": ", ".join(right.columns) or refused}


def _how_to_assume(made: dict[str, str], role: str | None) -> list[str]:
    chosen = {name: arn for name, arn in made.items() if role in (None, name)}
    if not chosen:
        return ["Nobody may assume a role here yet: name who may in the variable `access`, docs/security.md shows how."]
    return [
        "To assume one, as a principal that the variable `access` names:",
        *(f"  aws sts assume-role --role-arn {arn} --role-session-name NAME  # {name}" for name, arn in chosen.items()),
    ]
