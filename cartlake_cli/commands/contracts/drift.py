"""`lake contracts drift`: what the crawler found in the raw files against what the contracts say of them."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from cartlake import contracts
from cartlake_cli.context import Lake, lake_of
from cartlake_cli.errors import Exit, NotFoundError, NotReadyError
from cartlake_cli.operations.raw_drift import RawTable, drift_of
from cartlake_cli.options import Json

COLUMNS = ["dataset", "table", "format", "column", "difference", "found", "wanted", "advice"]
ZONE = "raw"


def drift(
    context: typer.Context,
    dataset: Annotated[str | None, typer.Argument(help="Look at the files of this dataset only.")] = None,
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
        lake.output.say("Files dropped since are not in it: `lake crawl` looks again.")
    if rows:
        raise typer.Exit(Exit.FAILED)


def last_crawl(lake: Lake) -> str:
    """When the raw files were last crawled. Raises NotReadyError when they never were, or the crawl failed."""
    name = lake.outputs.crawlers[ZONE]
    last: dict[str, Any] = lake.client("glue").get_crawler(Name=name)["Crawler"].get("LastCrawl") or {}
    if not last:
        raise NotReadyError(f"The crawler {name} has not run yet, so nothing is known of the raw files: `lake crawl`.")
    if last.get("Status") != "SUCCEEDED":
        why = last.get("ErrorMessage") or "it says no more"
        raise NotReadyError(f"The last run of the crawler {name} is {last.get('Status')}: {why}. Again: `lake crawl`.")
    return f"{last['StartTime']:%Y-%m-%d %H:%M:%S}"


def tables_of(lake: Lake, dataset: str) -> list[RawTable]:
    """The tables over the files of a dataset: one for each format that lies in its folder."""
    folder = f"s3://{lake.outputs.buckets[ZONE]}/incoming/{dataset}"
    pages = lake.client("glue").get_paginator("get_tables").paginate(DatabaseName=lake.outputs.databases[ZONE])
    entries = [entry for page in pages for entry in page["TableList"]]
    tables = [RawTable.of(entry) for entry in entries]
    return [table for table in tables if f"{table.location.rstrip('/')}/".startswith(f"{folder}/")]
