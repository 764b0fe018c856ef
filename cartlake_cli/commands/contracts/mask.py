"""`lake contracts mask`: write the contract of a masked table, which roles without personal data may read."""

from typing import Annotated

import typer

from cartlake import contracts
from cartlake.contracts import Contract
from cartlake_cli.context import Lake, lake_of
from cartlake_cli.contracts.masked_contracts import can_be_masked, text_of, written_at
from cartlake_cli.errors import NotFoundError
from cartlake_cli.options import Json


def mask(
    context: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(help="Contracts; without one, all with a masked table.")] = None,
    json: Json = False,
) -> None:
    """Write the contract of the masked table of a contract: its rows without personal data, masked as it says."""
    lake = lake_of(context)
    chosen = [_named(name) for name in names] if names else _masked_ones(lake)
    written = [{"contract": one.name, "file": _write(lake, one)} for one in chosen]
    if lake.output.as_json:
        lake.output.json(written)
        return
    lake.output.records("Masked tables", ["contract", "file"], written)
    lake.output.lines(["`lake up`, or a deployment, creates these tables; the next refresh fills them."])


def _named(name: str) -> Contract:
    try:
        return contracts.load(name)
    except contracts.UnknownDatasetError as error:
        raise NotFoundError(str(error)) from error


def _masked_ones(lake: Lake) -> list[Contract]:
    folder = lake.root / "contracts"
    return [one for one in contracts.load_all() if can_be_masked(one) and written_at(folder, one).exists()]


def _write(lake: Lake, contract: Contract) -> str:
    path = written_at(lake.root / "contracts", contract)
    path.write_text(text_of(contract), encoding="utf-8")
    return path.relative_to(lake.root).as_posix()
