"""`lake contracts draft`: write a first contract from a file."""

import re
from pathlib import Path
from typing import Annotated

import typer

from cartlake import contracts
from cartlake_cli.context import lake_of
from cartlake_cli.errors import CommandError

SUFFIX = ".odcs.yaml"


def draft(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A file as it will be dropped: .csv, .jsonl or .parquet, also .gz.")],
    name: Annotated[str | None, typer.Option(help="Name of the dataset; without it, that of the file.")] = None,
    output: Annotated[
        Path | None, typer.Option(help="Write there; `-` prints. Default: contracts/NAME.odcs.yaml.")
    ] = None,
    rows: Annotated[int, typer.Option(min=1, help="Look at this many rows at most.")] = 100_000,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a contract that is there.")] = False,
) -> None:
    """Write a first contract from a file: columns, types, key and more, each guess with what supports it."""
    from cartlake_cli.contracts.drafts import drafting  # noqa: PLC0415 -- brings DuckDB

    lake = lake_of(context)
    if name is not None and not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise CommandError(
            f"{name}: a dataset is named with small letters, digits and underscores, such as stock_levels."
        )
    guessed = drafting.draft(file, name, rows)
    text = drafting.text_of(guessed)
    if output == Path("-"):
        lake.output.lines(text.splitlines())
        return
    target = output or lake.root / "contracts" / f"{guessed.name}{SUFFIX}"
    if target.exists() and not force:
        raise CommandError(f"{target} is there already. Give another --name or --output, or overwrite it with --force.")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    lake.output.say(f"Wrote {target}: {len(guessed.columns)} columns, key {', '.join(guessed.key)}.")
    if target.name == f"{guessed.name}{SUFFIX}":
        contracts.parse(target)
    lake.output.say("Read it, and correct what is guessed wrong. Then: `lake contracts check`, `lake up`,")
    lake.output.say(f"and `lake drop {guessed.name} {file}`.")
