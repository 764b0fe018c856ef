"""Objects that are written one after another, as Amazon Data Firehose does: each is found, whatever its texts hold."""

import io
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cartlake.json_objects import MEETING, MeetingObjects, objects_of, one_object_a_line

MOST = 1000
TEXTS = st.one_of(st.text(max_size=5), st.lists(st.sampled_from('{}"\\ ,:a'), max_size=8).map("".join))
VALUES = st.recursive(
    st.one_of(TEXTS, st.integers(), st.none(), st.booleans()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=4,
)
OBJECTS = st.builds(
    lambda value, ascii_only: json.dumps(value, ensure_ascii=ascii_only).encode(),
    st.dictionaries(TEXTS, VALUES, max_size=3),
    st.booleans(),
)
SPACES = st.sampled_from([b"", b"", b" ", b"\t", b"\r", b"  \r"])


@given(st.lists(st.tuples(OBJECTS, SPACES), min_size=1, max_size=12))
def test_each_object_of_a_line_is_found(written):
    line = b"".join(text + space for text, space in written).rstrip(b" \t\r")

    assert objects_of(line, MOST) == [text for text, _ in written]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b'{"a":1}', [b'{"a":1}']),
        (b'{"a":1} \r', [b'{"a":1} \r']),
        (b'{"a":1}{"b":2}, trailing words', [b'{"a":1}', b'{"b":2}, trailing words']),
        (b'{"a":1},{"b":2}', [b'{"a":1},{"b":2}']),
        (b'{"a":1}{}{"b":2}', [b'{"a":1}', b"{}", b'{"b":2}']),
        (b'{"a":"cut}{"b":2}{"c":3}', [b'{"a":"cut}', b'{"b":2}', b'{"c":3}']),
        (b'{"a":1}{"cut}', [b'{"a":1}', b'{"cut}']),
        (b'{"a":1}{"b":"cut}{"c":3}{"d":"}{"e":5}', [b'{"a":1}', b'{"b":"cut}', b'{"c":3}', b'{"d":"}', b'{"e":5}']),
        (b'{"a":"}{"}{"b":"} {"}', [b'{"a":"}{"}', b'{"b":"} {"}']),
        (b'{"a":"\\"}{"}{"b":"\\\\"}{"c":1}', [b'{"a":"\\"}{"}', b'{"b":"\\\\"}', b'{"c":1}']),
        (b'[{"a":1},{"b":2}]', [b'[{"a":1},{"b":2}]']),
        (b"", [b""]),
    ],
)
def test_what_is_no_object_keeps_those_around_it(line, expected):
    assert objects_of(line, MOST) == expected


def test_an_object_longer_than_allowed_is_not_put_together():
    line = b'{"a":"' + b"x" * MOST + b'}{","b":1}'

    assert len(objects_of(line, MOST)) == 2
    assert objects_of(line, 2 * MOST) == [line]


PIECES = st.sampled_from(
    [b'{"a":1}', b"{}", b'{"a":"}{"}', b'{"cut', b"}", b"{", b'"', b" ", b"\t", b"\r", b"\n", b"\\"]
)


@given(st.lists(PIECES, max_size=40), st.integers(1, 20))
@example([b'{"a":1}'] * 5, 1)
def test_blocks_of_any_size_give_the_same_lines(written, block_bytes):
    text = b"".join(written)
    expected = [found for line in text.split(b"\n") for found in objects_of(line, MOST)]

    blocks = list(one_object_a_line(io.BytesIO(text), MOST, block_bytes))

    assert all(block.endswith(b"\n") for block in blocks)
    assert [line for line in b"".join(blocks).split(b"\n") if line] == [line for line in expected if line]


def test_a_text_of_one_line_is_read_in_blocks():
    objects = [b'{"number":%d}' % number for number in range(10_000)]

    blocks = list(one_object_a_line(io.BytesIO(b"".join(objects)), MOST, 1000))

    assert b"".join(blocks) == b"\n".join(objects) + b"\n"
    assert max(map(len, blocks)) < 2000


@given(st.lists(PIECES, max_size=30), st.integers(1, 20))
def test_the_validator_notes_where_objects_meet(written, size):
    text = b"".join(written)
    noted = MeetingObjects()
    for start in range(0, len(text), size):
        noted.feed(text[start : start + size])

    assert noted.finish() == (MEETING.search(text) is None)
