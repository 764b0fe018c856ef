"""`lake streams` and `lake stream`: what they print of the ledger, what they ask of the function, and bad sums."""

import json
from datetime import UTC, datetime

import pytest

from cartlake.ledger.streams import Partition
from cartlake_cli.commands.runs import streams
from cartlake_cli.errors import CommandError
from cartlake_cli.operations.raw_files.offsets import OffsetReport

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
DONE = {"outcome": "done", "offsets": 3, "files": 1, "records": 3, "poison": 0, "gaps": 0, "lost": 0, "notices": []}
REPORT = {
    "topic": "clickstream",
    "offsets": 10,
    "gaps": 1,
    "lost": 2,
    "landed": 7,
    "loaded": 4,
    "repeated": 1,
    "refused": 1,
    "waiting": 1,
    "other": 2,
    "published": 3,
    "quarantined": 2,
    "duplicate": 1,
}


@pytest.fixture
def answers(lake, function_answers):
    """What the function answers, one after the other; `asked` is what it was asked."""
    lake.outputs.functions["stream_reader"] = "test-stream-reader"
    lake.outputs.streams = {"clickstream": "rate(1 minute)"}
    return function_answers


@pytest.fixture
def typed(answers, type_command):
    return type_command(streams.register)


def test_all_topics_of_contracts_are_listed_with_how_far_they_were_read(lake, typed):
    state = lake.ledger.streams.take("clickstream", "me", NOW)
    read = {0: Partition(begin=5, next=15, end=20, records=8, poison=1, gaps=1, lost=1)}
    lake.ledger.streams.release(state.model_copy(update={"incarnation": 1, "partitions": read}), NOW)

    found = {one["topic"]: one for one in json.loads(typed("streams", "--json").stdout)}

    clicks, orders = found["clickstream"], found["orders"]
    assert (clicks["dataset"], clicks["schedule"], clicks["state"]) == ("clickstream", "rate(1 minute)", "READ")
    assert (clicks["offsets"], clicks["records"], clicks["lost"], clicks["lag"]) == (10, 8, 1, 5)
    assert (orders["dataset"], orders["enabled"], "state" in orders) == ("transactions", False, False)


def test_a_read_goes_on_until_it_is_done_and_is_added_up(typed, answers):
    given, asked = answers
    given.extend([{**DONE, "outcome": "unfinished"}, DONE])

    shown = json.loads(typed("stream", "clickstream", "--json").stdout)

    assert (shown["outcome"], shown["records"], shown["files"]) == ("done", 6, 2)
    assert asked == [{"topic": "clickstream"}] * 2


@pytest.mark.parametrize(
    ("topic", "answer", "said"),
    [
        pytest.param("payments", None, "No contract names topic 'payments'", id="unknown"),
        pytest.param("orders", None, "does not read topic orders. It reads: clickstream", id="not enabled"),
        pytest.param("clickstream", {"outcome": "busy", "message": "Another sync reads it"}, "Another sync", id="busy"),
        pytest.param(
            "clickstream", {"errorMessage": "no broker"}, "read of clickstream failed: no broker", id="failed"
        ),
        pytest.param("clickstream", {**DONE, "lost": 2}, "2 messages of clickstream are lost", id="lost"),
    ],
)
def test_what_hinders_a_read_and_what_is_lost_is_said(typed, answers, topic, answer, said):
    answers[0].append(answer)

    ended = typed("stream", topic)

    assert isinstance(ended.exception, CommandError)
    assert said in str(ended.exception)


def test_sums_of_offsets_and_rows_that_agree_have_no_fault():
    assert OffsetReport(**REPORT).faults == []


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"offsets": 11}, "offsets = landed + gaps + lost: 11 is not 10"),
        ({"waiting": 0}, "landed = loaded + repeated + refused + waiting: 7 is not 6"),
        ({"duplicate": 0}, "loaded + other = published + quarantined + duplicate: 6 is not 5"),
    ],
)
def test_sums_that_differ_are_named(changed, fault):
    assert OffsetReport(**{**REPORT, **changed}).faults == [fault]
