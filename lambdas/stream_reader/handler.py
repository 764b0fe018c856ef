"""Reads a topic of Kafka: what is new in it becomes files in the raw bucket, which the lake loads.

From the schedules and `lake stream`. It may be invoked at any time and twice at once: a topic has one reader, and each
offset becomes part of one file. After an error the next invocation goes on behind the last file.
"""

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, Field

from cartlake import contracts
from cartlake.ledger.items.leases import SourceBusyError
from lambdas.shared.clients import ledger
from lambdas.shared.counting import count
from lambdas.shared.entry import Answer, entry, logger
from lambdas.stream_reader.settings import settings
from sources.streams.connection import options_of
from sources.streams.files import RangeBucket
from sources.streams.kafka_broker import KafkaBroker
from sources.streams.reading import Stream, StreamReader
from sources.streams.registry import stream_named
from sources.streams.results import StreamResult, added

settings()  # a bad environment fails the cold start

TIME_TO_END_MS = 90_000
"""What is left of the function's time when it stops and leaves the rest to the next invocation: the longest wait for a
partition that gives nothing, and a file."""
PAUSE_SECONDS = 1.0
"""How long it waits for new messages where it follows a topic and there are none."""


class Request(BaseModel):
    """`follow_seconds`: read again and again for so long, instead of once to the present end of the topic."""

    topic: str
    follow_seconds: int = Field(default=0, ge=0, le=840)


@entry(Request)
def lambda_handler(request: Request, context: LambdaContext) -> Answer:
    stream = stream_named(request.topic, contracts.load_all(), settings().streams)
    until = time.monotonic() + request.follow_seconds
    with closing(KafkaBroker(options_of(request.topic, settings().streams[request.topic]))) as broker:
        reader = StreamReader(ledger().streams, RangeBucket(settings().raw_bucket), broker, _has_time(context))
        try:
            result = _read(reader, stream, until)
        except SourceBusyError as error:
            # Not an error: a schedule came while another call reads.
            logger.info("busy", topic=request.topic)
            return {"outcome": "busy", "message": str(error)}
    return {"outcome": "done" if result.done else "unfinished", **asdict(result)}


def _read(reader: StreamReader, stream: Stream, until: float) -> StreamResult:
    result = _read_once(reader, stream)
    while reader.has_time() and time.monotonic() < until:
        if result.done:
            time.sleep(PAUSE_SECONDS)
        result = added(result, _read_once(reader, stream))
    count(stream.dataset, StreamLag=result.lag)
    return result


def _read_once(reader: StreamReader, stream: Stream) -> StreamResult:
    result = reader.read(stream)
    for notice in result.notices:
        logger.error("messages_lost" if result.lost else "topic_made_again", topic=stream.topic, notice=notice)
    # At once: the next read may fail, and this one is on record.
    count(stream.dataset, StreamOffsetsLost=result.lost or None)
    if result.files:
        logger.info("landed", **asdict(result))
    return result


def _has_time(context: LambdaContext) -> Callable[[], bool]:
    return lambda: context.get_remaining_time_in_millis() > TIME_TO_END_MS
