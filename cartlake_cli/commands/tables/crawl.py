"""`lake crawl`: let Glue catalog the raw files, so that Athena can read them as they were uploaded."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from cartlake import contracts
from cartlake_cli.context import Lake, lake_of
from cartlake_cli.errors import CommandError, NotFoundError
from cartlake_cli.operations.raw_files.crawls import Crawl, CrawledTable
from cartlake_cli.operations.raw_files.tables import ZONE, dataset_of, folder_of, tables_of_raw
from cartlake_cli.options import Json

COLUMNS = ["dataset", "table", "format", "columns", "files", "partitioned_by", "partitions", "new_partitions"]


def register(app: typer.Typer) -> None:
    app.command("crawl")(crawl)


def crawl(
    context: typer.Context,
    dataset: Annotated[str | None, typer.Argument(help="Show the tables of this dataset only.")] = None,
    json: Json = False,
) -> None:
    """Crawl the raw files now, wait for the end, and show the tables and partitions found."""
    lake = lake_of(context)
    names = contracts.names()
    if dataset is not None and dataset not in names:
        raise NotFoundError(
            f"There is no dataset {dataset!r} that files are dropped for. There are: {', '.join(names)}."
        )
    # Read before the crawl, to show which partitions are new.
    before = {table.name: set(table.partitions) for table in tables_of_raw(lake)}
    with lake.output.messages.status("Crawling the raw files"):
        Crawl(lake.client("glue"), lake.outputs.crawlers[ZONE]).run()
    found = [
        _row(lake, table, before.get(table.name, set()))
        for table in tables_of_raw(lake)
        if dataset in (None, dataset_of(lake, table))
    ]
    if dataset is not None and not found:
        raise CommandError(
            f"There is no file of {dataset} in {folder_of(lake, dataset)}, so there is no table. "
            f"`lake drop {dataset} FILES…` puts files there."
        )
    if lake.output.as_json:
        lake.output.json(found)
        return
    shown = [{**row, "columns": len(row["columns"]), "partitions": len(row["partitions"])} for row in found]
    lake.output.records(f"Tables of {lake.outputs.databases[ZONE]}", COLUMNS, shown)
    if found:
        lake.output.say(f"To query these rows: [bold]lake query[/bold] with SQL over {found[0]['table']}.")


def _row(lake: Lake, table: CrawledTable, known: set[tuple[str, ...]]) -> dict[str, Any]:
    partitions = ["/".join(map("=".join, zip(table.partition_keys, one, strict=True))) for one in table.partitions]
    return {
        **asdict(table),
        "dataset": dataset_of(lake, table),
        "table": f"{lake.outputs.databases[ZONE]}.{table.name}",
        "partitioned_by": ", ".join(table.partition_keys) or None,
        "partitions": partitions,
        "new_partitions": len(set(table.partitions) - known),
    }
