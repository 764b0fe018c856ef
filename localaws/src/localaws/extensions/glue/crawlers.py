"""Glue crawlers list their prefixes, read the beginning of some files, and write tables and partitions.

The crawlers of MiniStack wait five seconds and report success.
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

from localaws.crawler import classifiers, discovery, entries
from localaws.crawler.exclusions import excluded
from localaws.errors import TerminalError
from localaws.hooks import succeeded, wrap

logger = logging.getLogger("localaws.crawlers")

HEAD_BYTES = 1_000_000
FILES_READ_PER_TABLE = 10
INTERRUPTED = "the embedded AWS ended during this crawl"


class CrawlError(TerminalError):
    """A crawl cannot be completed; the message is that of the crawler's last crawl."""


def crawl(crawler: dict[str, Any]) -> dict[str, int]:
    """Crawl all S3 targets of a crawler. Returns how many tables were created, updated and deleted.

    Raises CrawlError when a target or the database does not exist, or the catalog refuses a table or a partition.
    """
    counts = {"TablesCreated": 0, "TablesUpdated": 0, "TablesDeleted": 0}
    database = crawler["DatabaseName"]
    if database not in glue._databases:
        raise CrawlError(f"Database {database} not found")
    level = (_configuration(crawler).get("Grouping") or {}).get("TableLevelConfiguration")
    for target in crawler["Targets"].get("S3Targets") or []:
        bucket, _, prefix = target["Path"].removeprefix("s3://").partition("/")
        keys = _keys(bucket, prefix, target.get("Exclusions") or [])
        for table in discovery.find_tables(keys, prefix, level, crawler.get("TablePrefix") or ""):
            counts[_write(crawler, bucket, table)] += 1
    return counts


def _configuration(crawler: dict[str, Any]) -> dict[str, Any]:
    configuration: dict[str, Any] = json.loads(crawler.get("Configuration") or "{}")
    return configuration


def _keys(bucket: str, prefix: str, exclusions: list[str]) -> list[str]:
    record = s3._buckets.get(bucket)
    if record is None:
        raise CrawlError(f"The specified bucket does not exist: {bucket}")
    return sorted(
        key
        for key, stored in list(record["objects"].items())
        if key.startswith(prefix) and stored["size"] and not excluded(key[len(prefix) :], exclusions)
    )


def _write(crawler: dict[str, Any], bucket: str, table: discovery.FoundTable) -> str:
    """Create or update one table and its partitions; return the name of the counter to increase."""
    database = crawler["DatabaseName"]
    columns, form = _columns(bucket, table, _csv_classifiers(crawler))
    table_input = entries.table_input(table, bucket, columns, crawler["Name"], form)
    if entries.must_not_be_changed(glue._tables.get(f"{database}/{table.name}"), table_input):
        table_input["Name"] = entries.name_with_hash(table_input)
    name = table_input["Name"]
    exists = f"{database}/{name}" in glue._tables
    if not exists:
        _require_success(glue._create_table({"DatabaseName": database, "TableInput": table_input}))
    elif (crawler.get("SchemaChangePolicy") or {}).get("UpdateBehavior") != "LOG":
        _require_success(glue._update_table({"DatabaseName": database, "TableInput": table_input}))
    for values, folder in table.partitions.items():
        descriptor = entries.storage(table, bucket, folder, columns, form)
        _write_partition(crawler, name, {"Values": list(values), "StorageDescriptor": descriptor})
    return "TablesUpdated" if exists else "TablesCreated"


def _write_partition(crawler: dict[str, Any], table: str, partition: dict[str, Any]) -> None:
    """Create a partition; an existing one gets the columns of its table if the crawler is configured for that."""
    database = crawler["DatabaseName"]
    known = glue._partitions.get(f"{database}/{table}") or []
    found = next((one for one in known if one["Values"] == partition["Values"]), None)
    if found is None:
        created = {"DatabaseName": database, "TableName": table, "PartitionInput": partition}
        _require_success(glue._create_partition(created))
        return
    output = _configuration(crawler).get("CrawlerOutput") or {}
    if (output.get("Partitions") or {}).get("AddOrUpdateBehavior") == "InheritFromTable":
        found["StorageDescriptor"] = partition["StorageDescriptor"]


def _require_success(response: tuple[int, dict[str, str], bytes]) -> None:
    if not succeeded(response):
        error = json.loads(response[2])
        raise CrawlError(f"{error.get('__type')}: {error.get('message') or error.get('Message')}")


def _csv_classifiers(crawler: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the crawler's custom classifiers of CSV, in their order. Raises CrawlError when one does not exist."""
    named: list[str] = crawler.get("Classifiers") or []
    if unknown := [name for name in named if name not in glue._classifiers]:
        raise CrawlError(f"Classifier {unknown[0]} not found")
    stored = [glue._classifiers[name] for name in named]
    return [one["CsvClassifier"] for one in stored if "CsvClassifier" in one]


def _columns(
    bucket: str, table: discovery.FoundTable, custom: list[dict[str, Any]]
) -> tuple[dict[str, str], classifiers.CsvFormat]:
    # Files from the whole range of keys: columns may have been added over time.
    step = max(1, len(table.keys) // FILES_READ_PER_TABLE)
    columns: dict[str, str] = {}
    form = classifiers.CsvFormat()
    for key in table.keys[::step][:FILES_READ_PER_TABLE]:
        if table.classification == "parquet":
            columns = discovery.merge(columns, _parquet_columns(bucket, key))
            continue
        head = discovery.decompressed(_head(bucket, key))
        if table.classification == "csv":
            form = classifiers.format_of(head, custom)
            columns = discovery.merge(columns, classifiers.columns_of(head, form))
        else:
            columns = discovery.merge(columns, discovery.json_columns(head))
    return columns, form


def _parquet_columns(bucket: str, key: str) -> dict[str, str]:
    import pyarrow.parquet as pq  # noqa: PLC0415 -- 60 MB that a server without Parquet never needs

    try:
        return discovery.parquet_columns(pq.read_schema(s3._object_disk_path(bucket, key)))
    except (OSError, ValueError):  # not a Parquet file: AWS ignores it as well
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
    stopped = crawler["State"] != "RUNNING"  # StopCrawler has changed it meanwhile
    crawler |= {
        "State": "READY",
        "CrawlElapsedTime": int((time.time() - started) * 1000),
        "LastCrawl": last | ({"Status": "CANCELLED"} if stopped else {}),
    }


def end_interrupted(crawler: dict[str, Any]) -> None:
    """End the crawl of a crawler that was running when the server ended: else it could never be started again."""
    if crawler["State"] != "READY":
        crawler |= {"State": "READY", "LastCrawl": {"Status": "FAILED", "ErrorMessage": INTERRUPTED}}


def install() -> None:
    """Replace the functions of MiniStack that start crawlers and report their metrics.

    Raises AttributeError when this version of MiniStack does not have one of them.
    """

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

    @wrap(glue, "_restore_state")
    def _(original: Any, data: Any) -> None:
        original(data)
        for _scope, crawler in glue._crawlers.all_items():
            end_interrupted(crawler)

    @wrap(glue, "_get_crawler_metrics")
    def _(original: Any, data: dict[str, Any]) -> Any:
        status, headers, body = original(data)
        answer = json.loads(body)
        for metrics in answer["CrawlerMetricsList"]:
            metrics.update(glue._crawlers[metrics["CrawlerName"]].get("LastRunCounts") or {})
        return status, headers, json.dumps(answer).encode()
