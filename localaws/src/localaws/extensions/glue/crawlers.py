"""Glue crawlers that crawl: they list the prefix, read the beginning of some files, write tables and partitions.

MiniStack's wait five seconds and report success.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from contextvars import copy_context
from typing import Any
from uuid import uuid4

from ministack.services import glue, s3

from localaws.crawler import discovery as crawling
from localaws.crawler import entries as crawl_entries
from localaws.crawler.exclusions import excluded
from localaws.hooks import wrap

logger = logging.getLogger("localaws.crawlers")

HEAD_BYTES = 1_000_000
FILES_READ_PER_TABLE = 10


def crawl(crawler: dict[str, Any]) -> dict[str, int]:
    """Crawl all S3 targets of a crawler. Returns how many tables were created and updated.

    Raises ValueError when a target or the database does not exist.
    """
    counts = {"TablesCreated": 0, "TablesUpdated": 0, "TablesDeleted": 0}
    database = crawler["DatabaseName"]
    if database not in glue._databases:
        raise ValueError(f"Database {database} not found")
    level = (_configuration(crawler).get("Grouping") or {}).get("TableLevelConfiguration")
    for target in crawler["Targets"].get("S3Targets") or []:
        bucket, _, prefix = target["Path"].removeprefix("s3://").partition("/")
        keys = _keys(bucket, prefix, target.get("Exclusions") or [])
        for table in crawling.find_tables(keys, prefix, level, crawler.get("TablePrefix") or ""):
            counts[_write(crawler, bucket, table)] += 1
    return counts


def _configuration(crawler: dict[str, Any]) -> dict[str, Any]:
    configuration: dict[str, Any] = json.loads(crawler.get("Configuration") or "{}")
    return configuration


def _keys(bucket: str, prefix: str, exclusions: list[str]) -> list[str]:
    record = s3._buckets.get(bucket)
    if record is None:
        raise ValueError(f"The specified bucket does not exist: {bucket}")
    return sorted(
        key
        for key, stored in list(record["objects"].items())
        if key.startswith(prefix) and stored["size"] and not excluded(key[len(prefix) :], exclusions)
    )


def _write(crawler: dict[str, Any], bucket: str, table: crawling.FoundTable) -> str:
    """Create or update one table and its partitions; return which counter it adds to."""
    database = crawler["DatabaseName"]
    columns, delimiter = _columns(bucket, table)
    table_input = crawl_entries.table_input(table, bucket, columns, crawler["Name"], delimiter)
    if crawl_entries.is_of_others(glue._tables.get(f"{database}/{table.name}"), table_input):
        table_input["Name"] = crawl_entries.name_beside(table_input)
    name = table_input["Name"]
    exists = f"{database}/{name}" in glue._tables
    if not exists:
        glue._create_table({"DatabaseName": database, "TableInput": table_input})
    elif (crawler.get("SchemaChangePolicy") or {}).get("UpdateBehavior") != "LOG":
        glue._update_table({"DatabaseName": database, "TableInput": table_input})
    for values, folder in table.partitions.items():
        descriptor = crawl_entries.storage(table, bucket, folder, columns, delimiter)
        _write_partition(crawler, name, {"Values": list(values), "StorageDescriptor": descriptor})
    return "TablesUpdated" if exists else "TablesCreated"


def _write_partition(crawler: dict[str, Any], table: str, partition: dict[str, Any]) -> None:
    """Add it; where the crawler lets partitions inherit, one that is there gets the columns of its table."""
    database = crawler["DatabaseName"]
    known = glue._partitions.get(f"{database}/{table}") or []
    found = next((one for one in known if one["Values"] == partition["Values"]), None)
    if found is None:
        glue._create_partition({"DatabaseName": database, "TableName": table, "PartitionInput": partition})
        return
    output = _configuration(crawler).get("CrawlerOutput") or {}
    if (output.get("Partitions") or {}).get("AddOrUpdateBehavior") == "InheritFromTable":
        found["StorageDescriptor"] = partition["StorageDescriptor"]


def _columns(bucket: str, table: crawling.FoundTable) -> tuple[dict[str, str], str]:
    step = max(1, len(table.keys) // FILES_READ_PER_TABLE)
    columns: dict[str, str] = {}
    delimiter = ","
    for key in table.keys[::step][:FILES_READ_PER_TABLE]:
        if table.classification == "parquet":
            columns = crawling.merge(columns, _parquet_columns(bucket, key))
            continue
        head = crawling.decompressed(_head(bucket, key))
        if table.classification == "csv":
            delimiter = crawling.delimiter_of(head)
            columns = crawling.merge(columns, crawling.csv_columns(head))
        else:
            columns = crawling.merge(columns, crawling.json_columns(head))
    return columns, delimiter


def _parquet_columns(bucket: str, key: str) -> dict[str, str]:
    import pyarrow.parquet as pq  # noqa: PLC0415 -- 60 MB that a server without Parquet never needs

    try:
        return crawling.parquet_columns(pq.read_schema(s3._object_disk_path(bucket, key)))
    except (OSError, ValueError):  # not a Parquet file after all: on AWS it is left out as well
        logger.warning("s3://%s/%s is not Parquet", bucket, key)
        return {}


def _head(bucket: str, key: str) -> bytes:
    with open(s3._object_disk_path(bucket, key), "rb") as stored:  # noqa: PTH123 -- MiniStack gives a str
        return stored.read(HEAD_BYTES)


def _run(crawler: dict[str, Any]) -> None:
    """Crawl, then set the crawler's state, its last crawl and its metrics."""
    started = time.time()
    last: dict[str, Any] = {
        "LogGroup": "/aws-glue/crawlers",
        "LogStream": crawler["Name"],
        "MessagePrefix": str(uuid4()),
        "StartTime": started,
    }
    try:
        crawler["LastRunCounts"] = crawl(crawler)
        last["Status"] = "SUCCEEDED"
    except Exception as problem:
        logger.exception("crawler %s failed", crawler["Name"])
        last |= {"Status": "FAILED", "ErrorMessage": str(problem)}
    stopped = crawler["State"] != "RUNNING"
    crawler |= {
        "State": "READY",
        "CrawlElapsedTime": int((time.time() - started) * 1000),
        "LastCrawl": last | ({"Status": "CANCELLED"} if stopped else {}),
    }


def install() -> None:
    """Replace crawlers that only wait by ones that crawl."""

    def start_crawler(data: dict[str, Any]) -> Any:
        crawler = glue._crawlers.get(data.get("Name"))
        if crawler is None:
            return glue.error_response_json("EntityNotFoundException", f"Crawler {data.get('Name')} not found", 400)
        if crawler["State"] == "RUNNING":
            message = f"Crawler with name {crawler['Name']} has already started"
            return glue.error_response_json("CrawlerRunningException", message, 400)
        crawler["State"] = "RUNNING"
        threading.Thread(target=copy_context().run, args=(_run, crawler), daemon=True).start()
        return glue.json_response({})

    if not hasattr(glue, "_start_crawler"):
        raise AttributeError("MiniStack's Glue no longer has _start_crawler")
    glue._start_crawler = start_crawler

    @wrap(glue, "_get_crawler_metrics")
    def _(original: Any, data: dict[str, Any]) -> Any:
        status, headers, body = original(data)
        answer = json.loads(body)
        for metrics in answer["CrawlerMetricsList"]:
            metrics.update(glue._crawlers[metrics["CrawlerName"]].get("LastRunCounts") or {})
        return status, headers, json.dumps(answer).encode()
