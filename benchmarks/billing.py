"""What a stretch of time of the embedded AWS would cost on AWS: its log of requests, priced item by item.

Counted are requests, runs of functions, state transitions, events and log bytes. What the embedded AWS does not do is
added as AWS does it: the queue's poller receives and deletes each message, a key is asked for a data key once in five
minutes by each function, and each execution and each message is a trace.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from pathlib import Path
from typing import Any, Final

from cartlake_cli.costs.prices import Prices, prices
from cartlake_cli.costs.reckoning import POLLS_A_DAY

__all__ = ["Entry", "Prices", "bill", "counts", "idle_usd_a_day", "kms_usd", "prices", "read_log"]

Entry = Mapping[str, Any]

FREE_OF_S3: Final = ("Delete", "Abort")
DEAR_OF_S3: Final = ("Put", "Copy", "Post", "List", "CreateMultipart", "CompleteMultipart", "UploadPart")
WRITES: Final = {"PutItem": 1, "UpdateItem": 1, "DeleteItem": 1, "BatchWriteItem": 1, "TransactWriteItems": 2}
"""Write units for each item of up to 1 KB in the table itself."""
INDEX_UNITS: Final = 2
"""Write units of a change in the index: its entry is deleted and put again when its key changes."""
POLLER_REQUESTS: Final = 2
"""To receive a message and to delete it."""
ENVELOPE_BYTES: Final = 400
"""What an event of an execution has in its log beside the members of the history."""
KMS_MINUTES: Final = 5
"""A data key is used again for so long."""


def read_log(path: Path, offset: int = 0) -> list[dict[str, Any]]:
    """Return the complete entries of a log from a place on."""
    with path.open("rb") as file:
        file.seek(offset)
        lines = file.read().split(b"\n")
    return [json.loads(line) for line in lines[:-1]]


def bill(entries: Iterable[Entry], price: Prices) -> dict[str, float]:
    """Return the USD of each billed item of these entries, the largest first."""
    items: defaultdict[str, float] = defaultdict(float)
    priced = {
        "request": _request,
        "function": _function,
        "transition": _transition,
        "history": _history,
        "event": _event,
        "delivery": _delivery,
    }
    for entry in entries:
        for item, usd in priced[entry["kind"]](entry, price).items():
            items[item] += usd
    return dict(sorted(items.items(), key=lambda item: -item[1]))


def counts(entries: Sequence[Entry]) -> dict[str, int]:
    """Return how many requests of each operation, runs of functions, transitions of machines and events there were."""
    named = {
        "request": "{service} {operation}",
        "function": "function {name}",
        "transition": "transitions {machine}",
        "event": "event {source}",
    }
    return dict(Counter(named[one["kind"]].format_map(one) for one in entries if one["kind"] in named).most_common())


def idle_usd_a_day(price: Prices) -> float:
    """Return what a day without a file costs: the pollers of the queue of dropped files."""
    return POLLS_A_DAY * price["sqs"]["request"]


def _request(entry: Entry, price: Prices) -> dict[str, float]:
    service, operation = entry["service"], entry["operation"]
    if service == "s3":
        if operation.startswith(FREE_OF_S3):
            return {}
        dear = operation.startswith(DEAR_OF_S3)
        return {f"s3 {'put' if dear else 'get'}": price["s3"]["put" if dear else "get"]}
    if service == "dynamodb":
        return _dynamodb(entry, price)
    if service == "glue":
        return {"glue catalog": price["glue"]["catalog_request"]}
    if service == "events" and operation == "PutEvents":
        return {}  # its events are entries of their own
    flat = {"sqs": price["sqs"]["request"], "sns": price["sns"]["publish"], "kms": price["kms"]["request"]}
    return {service: flat[service]} if service in flat else {}


def _dynamodb(entry: Entry, price: Prices) -> dict[str, float]:
    operation, number = entry["operation"], entry["items"]
    if operation not in WRITES:
        return {"dynamodb read": number * price["dynamodb"]["read_unit"]}
    kilobytes = ceil(entry["bytes"] / number / 1024)
    indexed = INDEX_UNITS if "ledger" in entry["place"] or operation == "TransactWriteItems" else 0
    units = number * kilobytes * (WRITES[operation] + indexed)
    return {"dynamodb write": units * price["dynamodb"]["write_unit"]}


def _function(entry: Entry, price: Prices) -> dict[str, float]:
    gb_seconds = entry["ms"] / 1000 * entry["memory_mb"] / 1024
    return {
        f"lambda {entry['name']}": gb_seconds * price["lambda"]["gb_second"] + price["lambda"]["request"],
        "logs": entry["log_bytes"] / 1e9 * price["logs"]["gb"],
    }


def _transition(entry: Entry, price: Prices) -> dict[str, float]:
    return {f"transitions {entry['machine']}": price["states"]["transition"]}


def _history(entry: Entry, price: Prices) -> dict[str, float]:
    started = entry["event"] == "ExecutionStarted"
    return {
        "logs": (entry["bytes"] + ENVELOPE_BYTES) / 1e9 * price["logs"]["gb"],
        **({"traces": price["xray"]["trace"]} if started else {}),
    }


def _event(entry: Entry, price: Prices) -> dict[str, float]:
    # What AWS services send by themselves is free, except what S3 sends when asked to.
    billed = entry["source"] == "aws.s3" or not entry["source"].startswith("aws.")
    return {"events": price["events"]["event"]} if billed else {}


def _delivery(_entry: Entry, price: Prices) -> dict[str, float]:
    return {"sqs": (1 + POLLER_REQUESTS) * price["sqs"]["request"], "traces": price["xray"]["trace"]}


def kms_usd(entries: Iterable[Entry], price: Prices, minutes: float) -> float:
    """Return the USD of data keys in so many minutes: one in five minutes for each function and each service it uses.

    Objects need few more, because buckets have keys of their own. Two services a function: ledger or tables, and logs.
    """
    functions = {entry["name"] for entry in entries if entry["kind"] == "function"}
    return ceil(minutes / KMS_MINUTES) * 2 * len(functions) * price["kms"]["request"]
