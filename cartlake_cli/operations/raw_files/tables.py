"""The tables that a crawler created for the raw files, and their datasets."""

from typing import Any

from cartlake import contracts
from cartlake.aws.objects import S3Uri
from cartlake_cli.context import Lake
from cartlake_cli.errors import NotReadyError
from cartlake_cli.operations.raw_files.crawls import CrawledTable, crawled_tables
from cartlake_cli.operations.raw_files.drift import RawTable
from cartlake_cli.operations.upload import INCOMING

ZONE = "raw"


def tables_of_raw(lake: Lake) -> list[CrawledTable]:
    """Return the tables of the last crawl, without crawling."""
    return crawled_tables(lake.client("glue"), lake.outputs.databases[ZONE])


def folder_of(lake: Lake, dataset: str) -> str:
    """Return the URI of the folder that files of a dataset are uploaded to; it ends in a slash."""
    return str(S3Uri(lake.outputs.buckets[ZONE], f"{INCOMING}/{dataset}/"))


def dataset_of(lake: Lake, table: CrawledTable) -> str | None:
    """Return the dataset whose folder has the table's files; None for any other folder."""
    # With a slash, so that `orders` does not match `orders_old`.
    location = f"{table.location.rstrip('/')}/"
    return next((name for name in contracts.names() if location.startswith(folder_of(lake, name))), None)


def last_crawl(lake: Lake) -> str:
    """Return when the raw files were last crawled. Raises NotReadyError when they never were, or the crawl failed."""
    name = lake.outputs.crawlers[ZONE]
    last: dict[str, Any] = lake.client("glue").get_crawler(Name=name)["Crawler"].get("LastCrawl") or {}
    if not last:
        raise NotReadyError(
            f"The crawler {name} has not run yet, so the columns of the raw files are unknown: `lake crawl`."
        )
    if last.get("Status") != "SUCCEEDED":
        why = last.get("ErrorMessage") or "no message"
        raise NotReadyError(f"The last run of the crawler {name} is {last.get('Status')}: {why}. Again: `lake crawl`.")
    return f"{last['StartTime']:%Y-%m-%d %H:%M:%S}"


def tables_of(lake: Lake, dataset: str) -> list[RawTable]:
    """Return the tables of the files of a dataset: one for each format in its folder."""
    folder = folder_of(lake, dataset)
    pages = lake.client("glue").get_paginator("get_tables").paginate(DatabaseName=lake.outputs.databases[ZONE])
    entries = [entry for page in pages for entry in page["TableList"]]
    tables = [RawTable.of(entry) for entry in entries]
    return [table for table in tables if f"{table.location.rstrip('/')}/".startswith(folder)]
