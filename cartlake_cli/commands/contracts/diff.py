"""`lake contracts diff`: what changed in the contracts since a commit, what it breaks, and what reads it."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from cartlake import contracts
from cartlake.contracts import Contract
from cartlake_cli.athena.columns_read import ColumnUse
from cartlake_cli.context import lake_of
from cartlake_cli.contracts.changes import ContractChange, compare, version_faults
from cartlake_cli.contracts.committed import contracts_at
from cartlake_cli.contracts.readers import readers_of, readers_of_place
from cartlake_cli.errors import Exit
from cartlake_cli.options import Json

COLUMNS = ["contract", "place", "change", "breaks", "read by"]


def diff(
    context: typer.Context,
    reference: Annotated[str, typer.Argument(metavar="[GIT-REF]", help="A commit, branch or tag.")] = "HEAD",
    breaking: Annotated[
        bool, typer.Option("--breaking", help="Fail only for what breaks readers or senders without a major version.")
    ] = False,
    json: Json = False,
) -> None:
    """Compare the contracts with those of a commit. Exits with 1 when a version was not raised as needed."""
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


def _row(change: ContractChange, readers: Mapping[ColumnUse, list[str]], before: Sequence[Contract]) -> dict[str, Any]:
    found = {contract.name: contract for contract in before}.get(change.contract)
    used = readers_of_place(change, found, readers) if found else []
    return {
        "contract": change.contract,
        "place": change.place,
        "change": change.change,
        "breaks": change.breaks,
        "read by": ", ".join(used) or None,
    }
