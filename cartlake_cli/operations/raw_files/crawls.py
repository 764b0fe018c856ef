"""Runs a Glue crawler, and reads the tables it wrote."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cartlake.errors import TerminalError

if TYPE_CHECKING:
    from types_boto3_glue import GlueClient

POLL_SECONDS = 1.0
CRAWL_TIMEOUT_SECONDS = 1800.0
"""The time to wait for one crawl. Glue's own limit is a day."""

CRAWLED_BY = "UPDATED_BY_CRAWLER"
"""The table parameter in which a crawler leaves its name."""


class CrawlError(TerminalError):
    """A crawl failed or does not end. The message has the one of Glue."""


@dataclass(frozen=True)
class CrawledTable:
    """A table of plain files as its crawler describes it. `partitions` are values in the order of `partition_keys`."""

    name: str
    location: str
    format: str
    columns: dict[str, str]
    partition_keys: tuple[str, ...]
    partitions: tuple[tuple[str, ...], ...]
    files: int


@dataclass(frozen=True)
class Crawl:
    """Starts a crawler and waits for it."""

    glue: "GlueClient"
    name: str
    pause: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def run(self, timeout_seconds: float = CRAWL_TIMEOUT_SECONDS) -> None:
        """Wait for a running crawl, which may miss new files, then crawl once and wait for the end.

        Raises CrawlError when Glue reports a failure or `timeout_seconds` pass.
        """
        deadline = self.clock() + timeout_seconds
        before = self._wait_until_ready(deadline).get("StartTime")
        while not self._started():
            before = self._wait_until_ready(deadline).get("StartTime")
        last = self._wait_until_ready(deadline)
        while last.get("StartTime") == before:  # READY, but not yet of this crawl
            self._wait(deadline)
            last = self._wait_until_ready(deadline)
        if last["Status"] != "SUCCEEDED":
            said = last.get("ErrorMessage") or "no message"
            raise CrawlError(
                f"Crawler {self.name} ended {last['Status']}: {said}. "
                f"Its log is {last.get('LogGroup')}, stream {last.get('LogStream')}."
            )

    def _started(self) -> bool:
        try:
            self.glue.start_crawler(Name=self.name)
        except self.glue.exceptions.CrawlerRunningException:
            return False
        return True

    def _wait_until_ready(self, deadline: float) -> dict[str, Any]:
        """Wait until the crawler is not running; returns its `LastCrawl`, empty if it never ran."""
        while (crawler := self.glue.get_crawler(Name=self.name)["Crawler"])["State"] != "READY":
            self._wait(deadline)
        return dict(crawler.get("LastCrawl") or {})

    def _wait(self, deadline: float) -> None:
        if self.clock() > deadline:
            raise CrawlError(f"Crawler {self.name} is still running. Try again later.")
        self.pause(POLL_SECONDS)


def crawled_tables(glue: "GlueClient", database: str) -> list[CrawledTable]:
    """Return the tables of a database that a crawler wrote, by name; no tables of Iceberg or Terraform."""
    pages = glue.get_paginator("get_tables").paginate(DatabaseName=database)
    found = [table for page in pages for table in page["TableList"] if CRAWLED_BY in (table.get("Parameters") or {})]
    return [_read(glue, database, table) for table in sorted(found, key=lambda table: table["Name"])]


def _read(glue: "GlueClient", database: str, table: Any) -> CrawledTable:
    storage, parameters = table["StorageDescriptor"], table["Parameters"]
    keys = tuple(key["Name"] for key in table.get("PartitionKeys") or [])
    pages = glue.get_paginator("get_partitions").paginate(DatabaseName=database, TableName=table["Name"])
    values = [tuple(found["Values"]) for page in pages for found in page["Partitions"]] if keys else []
    return CrawledTable(
        name=table["Name"],
        location=storage["Location"],
        format=parameters.get("classification", "unknown"),
        columns={column["Name"]: column.get("Type", "string") for column in storage["Columns"]},
        partition_keys=keys,
        partitions=tuple(sorted(values)),
        files=int(parameters.get("objectCount", 0)),
    )
