"""Events of runs that did not reach the lineage server, sent again from S3."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from cartlake.aws.clients import aws_errors, client
from cartlake.aws.s3 import ObjectMissingError, read_bytes
from cartlake.lineage.sending import LineageServerError, send
from cartlake.lineage.storing import END, START
from cartlake.runs.folder import LINEAGE_EVENTS, LINEAGE_UNSENT, RunFolder

SECONDS = 30.0
"""How long the server may take for the events of a run: nobody waits for them, as a run would."""


@dataclass
class Sent:
    """The runs whose events were sent, those that have no events yet, and why sending stopped, if it did."""

    sent: list[str] = field(default_factory=list)
    without_events: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    fault: str | None = None


def send_again(bucket: str, url: str, since: date | None = None) -> Sent:
    """Send the events of runs that are marked as unsent, or of all runs since a day, and remove the marks.

    Stops at the first that the server does not take. It may be repeated: a run has the same id each time.
    """
    runs = _since(bucket, since) if since else list(_names(bucket, LINEAGE_UNSENT))
    result = Sent()
    for place, run_id in enumerate(runs):
        folder = RunFolder(bucket, run_id)
        try:
            events = [read_bytes(folder.lineage_event(name)).decode() for name in (START, END)]
        except ObjectMissingError:
            result.without_events.append(run_id)
            continue
        try:
            send(url, events, SECONDS)
        except LineageServerError as error:
            result.fault, result.left = str(error), runs[place:]
            break
        _remove_mark(bucket, run_id)
        result.sent.append(run_id)
    return result


def _since(bucket: str, since: date) -> list[str]:
    """The runs that have ended and began on the day or later, in the order of their days."""
    ended = f".{END}.json"
    keys = _names(bucket, LINEAGE_EVENTS, after=f"day={since}")
    return [key.rpartition("/")[2].removesuffix(ended) for key in keys if key.endswith(ended)]


def _names(bucket: str, prefix: str, after: str = "") -> Iterator[str]:
    """The keys below a prefix, without it, in order; with `after` those that follow this text."""
    pages = client("s3").get_paginator("list_objects_v2")
    with aws_errors():
        for page in pages.paginate(Bucket=bucket, Prefix=prefix, StartAfter=f"{prefix}{after}"):
            yield from (found["Key"].removeprefix(prefix) for found in page.get("Contents", []))


def _remove_mark(bucket: str, run_id: str) -> None:
    with aws_errors():
        client("s3").delete_object(Bucket=bucket, Key=f"{LINEAGE_UNSENT}{run_id}")
