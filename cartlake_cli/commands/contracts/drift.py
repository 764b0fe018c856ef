"""`lake contracts drift`: compare the columns a crawler found in the raw files with the contracts."""

from dataclasses import asdict
from typing import Annotated

import typer

from cartlake import contracts
from cartlake_cli.context import lake_of
from cartlake_cli.errors import Exit, NotFoundError
from cartlake_cli.operations.raw_files.drift import drift_of
from cartlake_cli.operations.raw_files.tables import last_crawl, tables_of
from cartlake_cli.options import Json

COLUMNS = ["dataset", "table", "format", "column", "difference", "found", "wanted", "advice"]


def drift(
    context: typer.Context,
    dataset: Annotated[str | None, typer.Argument(help="Compare the files of this dataset only.")] = None,
    json: Json = False,
) -> None:
    """Compare the columns a crawler found in raw files with the contracts. Exits with 1 when they differ."""
    lake = lake_of(context)
    datasets = contracts.names()
    if dataset is not None and dataset not in datasets:
        raise NotFoundError(
            f"There is no dataset {dataset!r} that files are dropped for. There are: {', '.join(datasets)}."
        )
    crawled_at = last_crawl(lake)
    wanted = [dataset] if dataset else list(datasets)
    tables = {name: tables_of(lake, name) for name in wanted}
    rows = [asdict(one) for name in wanted for one in drift_of(contracts.load(name), tables[name])]
    not_crawled = [name for name, found in tables.items() if not found]
    if lake.output.as_json:
        looked_at = [{"dataset": name, **asdict(table)} for name, found in tables.items() for table in found]
        lake.output.json({"crawled_at": crawled_at, "tables": looked_at, "not_crawled": not_crawled, "drift": rows})
    else:
        lake.output.records(f"Drift of the raw files, crawled at {crawled_at}", COLUMNS, rows)
        if not_crawled:
            lake.output.say(f"No files were found of: {', '.join(not_crawled)}.")
        lake.output.say("Files uploaded since then are not included: `lake crawl` finds them.")
    if rows:
        raise typer.Exit(Exit.FAILED)
