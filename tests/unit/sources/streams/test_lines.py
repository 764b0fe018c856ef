"""Messages become lines: the bytes of rows, and poison messages with their place."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cartlake import contracts
from cartlake.contracts.custom_properties.streams import StreamWord
from cartlake.json_objects import objects_of
from lambdas.file_validator.content.json_head import JsonHead
from lambdas.file_validator.content.rules import rules_of
from sources.streams.horizon import horizon_of
from sources.streams.lines import LineWriter
from sources.streams.model import Message

SENT = datetime(2026, 3, 4, 12, tzinfo=UTC)
AT = int(SENT.timestamp() * 1000)
CLICKS = replace(contracts.load("clickstream"), stream=StreamWord("clickstream", 72))
WRITER = LineWriter(10_000, horizon_of(CLICKS))


def message(value, offset=7, at=AT):
    return Message(offset, at, value)


def poison(value, writer=WRITER):
    lines = writer.lines(3, [message(value)])
    assert (lines.records, lines.poison) == (1, 1)
    return json.loads(lines.body)["_poison"]


def test_a_row_is_the_bytes_of_its_message_on_one_line():
    value = b'{"a":\r\n 1.10,\n"b": "x\\n\xc3\xa9"}'

    lines = WRITER.lines(0, [message(value)])

    assert lines.body == b'{"a":   1.10, "b": "x\\n\xc3\xa9"}\n'
    assert (lines.records, lines.poison) == (1, 0)


@pytest.mark.parametrize(
    ("value", "reason", "text"),
    [
        (None, "tombstone", ""),
        (b"", "not_json", ""),
        (b"hello", "not_json", "hello"),
        (b"[1]", "not_json", "[1]"),
        (b'{"a": NaN}', "not_json", '{"a": NaN}'),
        (b'{"a": 1}{"a": 2}', "not_json", '{"a": 1}{"a": 2}'),
        (b'{"a": "\xff"}', "not_json", '{"a": "\\xff"}'),
        (b"[" * 5_000, "not_json", "[" * 5_000),
    ],
)
def test_what_is_no_row_is_a_poison_message_with_its_text_and_place(value, reason, text):
    found = poison(value)

    assert (found["reason"], found["text"]) == (reason, text)
    assert (found["partition"], found["offset"], found["timestamp"]) == (3, 7, AT)
    assert found["bytes"] == (None if value is None else len(value))


def test_a_message_that_is_too_large_keeps_its_beginning_and_its_size():
    found = poison(b'{"a": "' + b"x" * 10_000 + b'"}')

    assert (found["reason"], found["bytes"]) == ("too_large", 10_009)
    assert found["text"].startswith('{"a": "xxx')


@given(st.binary(max_size=3_000), st.sampled_from([1024, 1500, 10_000]))
def test_each_message_is_one_line_that_is_not_too_long(value, most):
    lines = LineWriter(most).lines(99_999, [message(value, 2**62, 2**42)])

    [line] = lines.body.removesuffix(b"\n").split(b"\n")
    assert len(line) <= most
    assert objects_of(line, most) == [line]
    assert isinstance(json.loads(line), dict)


def test_rows_come_first_so_that_a_file_begins_as_its_rows_do():
    lines = WRITER.lines(0, [message(b"x", 1), message(b'{"a": 1}', 2), message(None, 3)])

    assert [list(json.loads(line)) for line in lines.body.splitlines()] == [["a"], ["_poison"], ["_poison"]]
    assert (lines.records, lines.poison) == (3, 2)


def test_a_file_of_poison_messages_alone_passes_the_validator():
    head = JsonHead(rules_of(CLICKS))
    head.feed(WRITER.lines(0, [message(b"x", 1), message(None, 2)]).body)

    head.finish()

    assert head.names == {}


@pytest.mark.parametrize(
    ("event_at", "late"),
    [
        ("2026-03-01T12:00:00Z", False),
        ("2026-03-01T11:59:59Z", True),
        ("2026-03-01 13:59:59 +0200", True),
        ("2026-03-01 11:59 UTC", True),
        ("2026-03-01", True),
        ("2026-03-05T00:00:00Z", False),
        ("yesterday", False),
        (None, False),
        (17, False),
    ],
)
def test_an_event_longer_ago_than_the_horizon_is_too_late(event_at, late):
    value = json.dumps({"event_id": "EVT", "event_at": event_at}).encode()

    lines = WRITER.lines(0, [message(value)])

    assert lines.poison == late
    if late:
        found = json.loads(lines.body)["_poison"]
        assert (found["reason"], found["text"]) == ("too_late", value.decode())


def test_the_time_of_an_event_is_found_by_the_other_names_of_its_column():
    [column] = [one for one in CLICKS.table.columns if one.name == "event_at"]
    columns = tuple(replace(one, aliases=("when",)) if one is column else one for one in CLICKS.table.columns)
    renamed = replace(CLICKS, tables=(replace(CLICKS.table, columns=columns),))

    writer = LineWriter(10_000, horizon_of(renamed))

    assert writer.lines(0, [message(b'{"when": "2026-01-01"}')]).poison == 1


def test_without_a_horizon_no_event_is_too_late():
    writer = LineWriter(10_000, horizon_of(replace(CLICKS, stream=StreamWord("clickstream"))))

    assert writer.lines(0, [message(b'{"event_at": "1999-01-01"}')]).poison == 0
