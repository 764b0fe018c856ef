"""The custom property `cartlake.stream`: what it says, and its faults."""

from dataclasses import replace

import pytest

from cartlake.contracts import ContractError
from cartlake.contracts.custom_properties.streams import StreamWord
from cartlake_cli.contracts.changes import compare

EVENT_TIME = {"property": "cartlake.eventTime", "value": "changed_at"}
FILE = {"formats": ["jsonl"]}


@pytest.fixture
def stream_of(document, read):
    def compiled(value, file=FILE, *, event_time=True):
        listed = document.setdefault("customProperties", [])
        listed[:] = [one for one in listed if one["property"] != "cartlake.file"]
        listed += [{"property": "cartlake.stream", "value": value}, {"property": "cartlake.file", "value": file}]
        own = document["schema"][0].setdefault("customProperties", [])
        own[:] = [one for one in own if one["property"] != EVENT_TIME["property"]]
        own += [EVENT_TIME] if event_time else []
        return read(document).stream

    return compiled


def test_a_contract_names_the_topic_of_its_messages(stream_of):
    assert stream_of({"topic": "shop.orders"}) == StreamWord("shop.orders", None)


def test_a_contract_says_how_late_an_event_may_be(stream_of):
    assert stream_of({"topic": "orders", "horizonHours": 72}) == StreamWord("orders", 72)


def test_without_a_word_no_topic_is_read(document, read):
    assert read(document).stream is None


@pytest.mark.parametrize(
    ("value", "advice"),
    [
        ("orders", r"write \{topic: shop\.clickstream\}"),
        ({"topics": "orders"}, r"write \{topic"),
        ({"topic": "orders", "horizon": 3}, r"write \{topic"),
        ({"topic": ["orders"]}, r"write \{topic"),
        ({"topic": "__consumer_offsets"}, r"stream\.topic .*a letter or digit first"),
        ({"topic": "a/b"}, r"stream\.topic .*up to 249 letters"),
        ({"topic": "orders", "horizonHours": 0}, "whole hours, 1 to"),
        ({"topic": "orders", "horizonHours": True}, "whole hours, 1 to"),
        ({"topic": "orders", "horizonHours": "3d"}, "whole hours, 1 to"),
    ],
)
def test_another_value_is_refused_with_what_to_write(stream_of, value, advice):
    with pytest.raises(ContractError, match=advice):
        stream_of(value)


@pytest.mark.parametrize(
    ("file", "advice"),
    [
        ({"formats": ["csv"]}, "the format jsonl and the compression none"),
        ({"formats": ["jsonl"], "compressions": ["gzip"]}, "the format jsonl and the compression none"),
        ({"formats": ["jsonl"], "maxLineBytes": 1000}, "maxLineBytes of cartlake.file be 1024 or more"),
    ],
)
def test_files_of_messages_must_be_ones_that_may_be_dropped(stream_of, file, advice):
    with pytest.raises(ContractError, match=advice):
        stream_of({"topic": "orders"}, file)


def test_a_horizon_needs_to_know_when_an_event_was(stream_of, document):
    document["schema"][0]["properties"].pop()  # changed_at: the time when the lake received a row stands in for it

    with pytest.raises(ContractError, match=r"name cartlake\.eventTime"):
        stream_of({"topic": "orders", "horizonHours": 3}, event_time=False)


@pytest.mark.parametrize(
    ("old", "new", "words", "breaks"),
    [
        (None, StreamWord("a", 1), None, None),
        (StreamWord("a", 1), StreamWord("a", 1), None, None),
        (StreamWord("a"), None, "messages of topic a are no longer read", "senders"),
        (StreamWord("a"), StreamWord("b"), "messages of topic a are no longer read, those of b are", "senders"),
        (StreamWord("a"), StreamWord("a", 72), "events may be 72 h late instead of any time", "senders"),
        (StreamWord("a", 72), StreamWord("a", 24), "events may be 24 h late instead of 72 h", "senders"),
        (StreamWord("a", 24), StreamWord("a", 72), "events may be 72 h late instead of 24 h", None),
    ],
)
def test_a_contract_that_changes_its_stream_says_what_that_is_for_senders(document, read, old, new, words, breaks):
    contract = read(document)

    changes = compare([replace(contract, stream=old)], [replace(contract, stream=new)])

    assert [(one.change, one.breaks) for one in changes] == ([] if words is None else [(words, breaks)])
