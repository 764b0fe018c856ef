"""A generated world becomes messages, sent at the times of their rows, faster."""

import json
from datetime import UTC, datetime, timedelta

from cartlake import contracts
from cartlake_cli.operations.raw_files.producing import WorldMessage, messages_of, replay
from generators.world import generate_world

CLICKS = contracts.load("clickstream").table
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Clock:
    """Time that passes by sleeping only."""

    def __init__(self):
        self.now, self.sent = 100.0, []

    def sleep(self, seconds):
        self.now += seconds

    def send(self, message):
        self.sent.append((self.now - 100.0, message.value))


def test_rows_are_sent_at_their_times_as_many_times_faster():
    clock = Clock()
    seconds = (0, 60, 60, 600)
    messages = [WorldMessage(NOON + timedelta(seconds=at), b"", b"%d" % at) for at in seconds]

    sent = replay(messages, clock.send, 60, clock=lambda: clock.now, sleep=clock.sleep)

    assert sent == 4
    assert clock.sent == [(0.0, b"0"), (1.0, b"60"), (1.0, b"60"), (10.0, b"600")]


def test_what_is_late_is_sent_at_once():
    clock = Clock()

    def slow(message):
        clock.send(message)
        clock.now += 5

    replay(
        [WorldMessage(NOON + timedelta(seconds=at), b"", b"") for at in (0, 1, 20)],
        slow,
        1,
        clock=lambda: clock.now,
        sleep=clock.sleep,
    )

    assert [at for at, _ in clock.sent] == [0.0, 5.0, 20.0]


def test_all_rows_of_a_world_are_messages_in_the_order_of_their_times(tmp_path):
    generate_world(tmp_path, days=1, orders_per_day=5, seed=3, file_format="jsonl", datasets=["clickstream"])

    messages = messages_of(tmp_path / "clickstream", CLICKS)

    rows = sum(len(path.read_bytes().splitlines()) for path in (tmp_path / "clickstream").glob("*.jsonl"))
    assert len(messages) == rows > 20
    assert [one.at for one in messages] == sorted(one.at for one in messages)
    first = next(one for one in messages if one.at.year > 1970)
    assert json.loads(first.value)["event_id"].encode() == first.key


def test_a_row_whose_time_cannot_be_read_goes_with_the_one_before_it(tmp_path):
    lines = [
        '{"event_id": "a", "received_at": "2026-03-01T12:00:00Z"}',
        '{"event_id": "b", "received_at": "?"}',
        "broken",
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))

    assert [(one.at, one.key) for one in messages_of(tmp_path, CLICKS)] == [(NOON, b"a"), (NOON, b"b"), (NOON, b"")]
