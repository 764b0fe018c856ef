"""Options that several commands share, so that they have the same names and help texts everywhere."""

from typing import Annotated

import typer

from cartlake_cli.context import lake_of


def _print_json(context: typer.Context, value: bool) -> bool:  # noqa: FBT001  # the shape of a typer callback
    if value:
        lake_of(context).output.as_json = True
    return value


Json = Annotated[bool, typer.Option("--json", callback=_print_json, help="Print JSON for programs.")]
Dataset = Annotated[str, typer.Argument(help="Name of a dataset; `lake contracts show` lists them.")]
OptionalDataset = Annotated[str | None, typer.Option("--dataset", help="Only this dataset.")]
Limit = Annotated[int, typer.Option(min=1, max=10_000, help="Print this many at most, newest first.")]
