"""Broker, readers, loaders and the embedded AWS are killed while a topic is read; in the end each message counts once.

Offsets in = rows published + quarantined + duplicate, and the table is the one that the same messages make as one file.
"""

import json
import os
import random
import signal
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Timer

import pytest

from cartlake.ledger import FileState
from cartlake.times import utc_now
from tests.e2e.conftest import eventually
from tests.e2e.test_streams import TOPIC, click, offsets, read_from
from tests.servers.kafka import Cluster, running_broker

pytestmark = pytest.mark.e2e

KILLS = int(os.environ.get("STREAM_KILLS", "2"))
"""`make prove` kills something 40 times."""

VICTIMS = ("broker", "stream_reader", "light_loader", "table_publisher", "server")
FIRST_NUMBER = 1_000_000
LONGEST_SECONDS = 6.0
"""A kill comes while the topic is read, or while what was read is loaded."""

SENT = datetime(2025, 3, 4, 12, tzinfo=UTC)
ROWS = (
    "select event_id, page_path from processed.clickstream "
    "where event_at between timestamp '2025-03-01 00:00:00 UTC' and timestamp '2025-04-01 00:00:00 UTC'"
)


@pytest.fixture(scope="module")
def kafka(tmp_path_factory):
    with running_broker(tmp_path_factory.mktemp("kafka")) as broker:
        yield Cluster(broker)


class Clicks:
    """Messages of clicks in random order: new ones, newer and older versions, repeats, and no rows at all."""

    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.rows, self.poison = [], 0
        self.ids = Counter()

    def round(self):
        """Return the values of the messages of a round."""
        made = [self._version(FIRST_NUMBER + len(self.ids) + number) for number in range(60)]
        made += [self._version(self.chance.choice(made)["event_id"]) for _ in range(15)]
        made += self.chance.choices([*self.rows, *made], k=15)
        self.rows += made
        self.poison += 2
        values = [*(json.dumps(one).encode() for one in made), b"no json", None]
        self.chance.shuffle(values)
        return values

    def _version(self, number):
        """Return the next version of an event, by number or id."""
        row = click(0) | {"event_id": number if isinstance(number, str) else f"EVT-{number:016X}"}
        version = self.ids[row["event_id"]] = self.ids[row["event_id"]] + 1
        seen = (SENT + timedelta(seconds=version)).isoformat()
        at = (SENT - timedelta(hours=1)).isoformat()
        return row | {"event_at": at, "received_at": seen, "page_path": f"/{version}"}

    @property
    def newest(self):
        return {event_id: f"/{version}" for event_id, version in self.ids.items()}


def send(kafka, values, chance):
    at = int(SENT.timestamp() * 1000)
    with kafka.producer() as producer:
        for value in values:
            producer.send(TOPIC, value, key=b"key", partition=chance.randrange(2), timestamp_ms=at)


def kill_function(lake, function):
    """Kill the processes in which a function runs; returns whether there was one."""
    named = f"ministack-lambda-{lake.outputs.functions[function]}-"
    found = False
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            command = (process / "cmdline").read_text()
            if named in command and str(lake.root) in command:
                os.kill(int(process.name), signal.SIGKILL)
                found = True
    return found


def lease_ends(lake):
    """Let the lease of a reader that was killed end, as five minutes would."""
    state = lake.ledger.streams.get(TOPIC)
    if state.holder:
        lake.ledger.streams.release(state, utc_now())


def settled(lake, run_lake):
    """Whether no message and no file is on its way; if not, does what on-call does after a region was away."""
    files = [one for one in lake.ledger.files.list("clickstream") if "/stream/" in one.key]
    failed = [one for one in files if one.state in (FileState.FAILED, FileState.REJECTED)]
    assert {one.detail for one in failed if "States.ServiceRestart" not in one.detail} == set()
    for run_id in {one.run_id for one in failed}:  # its execution was running when the server was killed
        run_lake("quarantine", "replay", "clickstream", "--no-rows", "--run", run_id)
    report = offsets(run_lake)
    if not report["waiting"] and all(one.state in (FileState.LOADED, FileState.DUPLICATE) for one in files):
        return report
    run_lake("sweep", "--grace", 0, "--json")
    return None


@pytest.mark.timeout(400 + 60 * KILLS)
def test_each_message_is_a_row_or_in_quarantine_or_a_duplicate_once_whatever_is_killed(
    lake, run_lake, rows_of, kafka, kill_server, tmp_path
):
    before = offsets(run_lake)
    clicks = Clicks(KILLS)
    kafka.create(TOPIC)
    killed = []

    def kill(victim):
        match victim:
            case "broker":
                kafka.broker.kill()
            case "server":
                kill_server()
            case function:
                eventually(lambda: kill_function(lake, function))
        killed.append(victim)

    with read_from(lake, kafka):
        for number in range(KILLS):
            send(kafka, clicks.round(), clicks.chance)
            victim = VICTIMS[number % len(VICTIMS)]
            timer = Timer(clicks.chance.uniform(0, LONGEST_SECONDS), kill, [victim])
            timer.start()
            run_lake("stream", TOPIC, exit_code=None)
            timer.join()
            assert killed[number:] == [victim]
            kafka.broker.start()
            lease_ends(lake)
        eventually(lambda: run_lake("stream", TOPIC, exit_code=None).exit_code == 0, 120)

    report = eventually(lambda: settled(lake, run_lake), 300)
    found = {name: report[name] - before[name] for name in ("offsets", "lost", "gaps", "landed")}
    sent = len(clicks.rows) + clicks.poison
    assert (found["offsets"], found["landed"], found["lost"], found["gaps"]) == (sent, sent, 0, 0)
    assert report["loaded"] + report["other"] == report["published"] + report["quarantined"] + report["duplicate"]
    rows = rows_of(ROWS)
    assert len(rows) == len(clicks.newest)
    assert dict(rows) == clicks.newest

    batch = tmp_path / "batch.jsonl"
    batch.write_text("".join(f"{json.dumps(row)}\n" for row in clicks.rows))
    [file] = json.loads(run_lake("drop", "clickstream", batch, "--wait", "--json").stdout)
    counts = lake.ledger.runs.get(file["run_id"]).counts
    assert (counts.read, counts.published, counts.duplicate) == (len(clicks.rows), 0, len(clicks.rows))
    assert sorted(rows_of(ROWS)) == sorted(rows)
