"""A topic of Kafka, read by the lake: events a second that are published, and seconds from an event to its row.

The broker is Apache Kafka in one JVM beside the embedded AWS, so all three share the cores of one machine.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from statistics import quantiles
from typing import TYPE_CHECKING, Any, Final

from kafka import KafkaProducer

from cartlake import contracts
from cartlake_cli.athena.client import athena_of
from cartlake_cli.commands.local import kafka
from cartlake_cli.commands.local.up import bring_up
from cartlake_cli.context import Lake
from cartlake_cli.environments import LOCAL
from cartlake_cli.operations.follow import follow_refresh
from cartlake_cli.operations.raw_files.offsets import offset_report
from cartlake_cli.operations.raw_files.streams import read_stream
from cartlake_cli.operations.raw_files.topics import PARTITIONS
from cartlake_cli.output import Output
from sources.streams.registry import streams_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from localaws.kafka.broker import KafkaBroker

TOPIC: Final = "clickstream"
EVENTS: Final = int(os.environ.get("CARTLAKE_BENCH_EVENTS", "200000"))
WARM_UP_EVENTS: Final = 1_000
TRICKLE_SECONDS: Final = int(os.environ.get("CARTLAKE_BENCH_TRICKLE_SECONDS", "120"))
TRICKLE_PER_SECOND: Final = 100
AIM_EVENTS_PER_SECOND: Final = 2_000
AIM_SECONDS: Final = 30
GIVE_UP_SECONDS: Final = 1_800


def measure() -> list[dict[str, Any]]:
    """Send many clicks at once, then some each second, and read the topic. It starts the lake and Kafka itself."""
    lake = Lake(LOCAL, Output(as_json=True))
    bring_up(lake)
    broker = kafka.broker_of(lake.root)
    kafka.start(broker, streams_of(contracts.load_all()))
    try:
        _sustained(lake, broker, WARM_UP_EVENTS)
        rate = _sustained(lake, broker, EVENTS)
        delays = _delays(lake, broker)
    finally:
        kafka.stop(broker)
    return [
        {
            "name": "stream_events_per_s",
            "value": round(rate),
            "unit": "events/s",
            "aim": AIM_EVENTS_PER_SECOND,
            "runs": [round(rate)],
        },
        {
            "name": "stream_event_to_row_seconds_p95",
            "value": round(quantiles(delays, n=20)[-1], 2),
            "unit": "s",
            "aim": AIM_SECONDS,
            "runs": [round(delay, 2) for delay in sorted(delays)],
        },
    ]


def _sustained(lake: Lake, broker: KafkaBroker, events: int) -> float:
    """Return events a second, from the first read of a topic until all are judged, published and in built tables."""
    prefix = _prefix()
    _send(broker, (_click(f"EVT-{prefix}{number:08X}") for number in range(events)))
    started = time.monotonic()
    read_stream(lake, TOPIC)
    _wait_until_loaded(lake)
    follow_refresh(lake)
    return events / (time.monotonic() - started)


def _delays(lake: Lake, broker: KafkaBroker) -> list[float]:
    """Send events each second while the topic is read again and again.

    Returns, of one event of each second, the seconds from when it was sent until Athena has its row.
    """
    marker, found = _prefix(), dict[str, float]()
    sql = f"select event_id from processed.clickstream where event_id like 'EVT-{marker}%'"
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(_trickle, broker, marker)
        deadline = time.monotonic() + GIVE_UP_SECONDS
        while not sending.done() or len(found) < len(sending.result()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"After {GIVE_UP_SECONDS} s some events have no row; `lake streams {TOPIC}`.")
            read_stream(lake, TOPIC)
            found = {str(row[0]): time.time() for row in athena_of(lake).run(sql).rows} | found
    return [found[event_id] - at for event_id, at in sending.result().items()]


def _trickle(broker: KafkaBroker, marker: str) -> dict[str, float]:
    """Send events each second; returns when one of each second was sent, by its id."""
    sent = {}
    for second in range(TRICKLE_SECONDS):
        began, event_id = time.monotonic(), f"EVT-{marker}{second:08X}"
        _send(broker, [*(_click(f"EVT-{_prefix()}{n:08X}") for n in range(TRICKLE_PER_SECOND - 1)), _click(event_id)])
        sent[event_id] = time.time()
        time.sleep(max(0.0, 1 - (time.monotonic() - began)))
    return sent


def _send(broker: KafkaBroker, clicks: Iterable[dict[str, str]]) -> None:
    options = {"bootstrap_servers": [broker.address], "acks": "all", "linger_ms": 20}
    with closing(KafkaProducer(**options)) as producer:
        for number, click in enumerate(clicks):
            producer.send(TOPIC, value=json.dumps(click).encode(), partition=number % PARTITIONS)
        producer.flush()


def _wait_until_loaded(lake: Lake) -> None:
    deadline = time.monotonic() + GIVE_UP_SECONDS
    while (report := offset_report(lake, TOPIC)).waiting:
        if time.monotonic() > deadline:
            raise TimeoutError(
                f"{report.waiting:,} events wait after {GIVE_UP_SECONDS} s; `lake status` says for what."
            )
        time.sleep(0.5)


def _click(event_id: str) -> dict[str, str]:
    moment = datetime.now(UTC).isoformat()
    return {
        "event_id": event_id,
        "event_at": moment,
        "event_type": "page_view",
        "visitor_id": f"VIS-{event_id[-12:]}",
        "page_path": "/products/running-shoes",
        "device": "mobile",
        "country_code": "DE",
        "received_at": moment,
    }


def _prefix() -> str:
    """Return eight hexadecimal digits that no other events have."""
    return secrets.token_hex(4).upper()
