"""The rule of JSON lines against Python's own parser, told to refuse what the rule refuses."""

import json
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cartlake.json_lines import NUMBERS, row_pattern

NAMES = ["a", "vendor_id"]
ROW = re.compile(row_pattern(NAMES).removesuffix(r"\z"))  # Python 3.11 has no \z


def matched(line):
    """The texts of a line by key, None if it is no row. Repeated keys are the engines' to count."""
    if not ROW.fullmatch(line):
        return None
    values = json.loads(re.sub(NUMBERS, r'\1"\2"', line))
    return {key: json.dumps(value) if isinstance(value, bool) else value for key, value in values.items()}


class RefusedError(ValueError):
    pass


def refuse(*_):
    raise RefusedError


def parsed(line):
    """The same by Python's parser."""
    try:
        pairs = json.loads(
            line.strip(" \t\r"), parse_constant=refuse, parse_int=str, parse_float=str, object_pairs_hook=tuple
        )
        assert isinstance(pairs, tuple)
        assert all(key in NAMES or re.fullmatch("_[A-Za-z0-9_]*", key) for key, _ in pairs)
        assert not any(isinstance(value, tuple | list) for _, value in pairs)
        "".join(value for _, value in pairs if isinstance(value, str)).encode()
    except (ValueError, AssertionError):
        return None
    return {key: json.dumps(value) if isinstance(value, bool) else value for key, value in pairs}


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=6))
VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=1), st.dictionaries(st.sampled_from(NAMES), SCALARS, max_size=1))
KEYS = st.sampled_from([*NAMES, "_row", "A", "b"])


@given(row=st.dictionaries(KEYS, VALUES, max_size=3), ascii_only=st.booleans())
def test_what_a_program_wrote_is_a_row_or_malformed(row, ascii_only):
    line = json.dumps(row, ensure_ascii=ascii_only)

    assert matched(line) == parsed(line)


TOKENS = [
    "{",
    "}",
    '"a"',
    '"a":',
    '"_x":',
    ":",
    ",",
    "1",
    "-0",
    "01",
    "1.5e3",
    ".5",
    "true",
    "nul",
    "null",
    '"\\',
    '\\"',
    '"',
    " ",
    "[",
    "]",
]
TOKENS += ['"\\ud83d\\udc5f"', '"\\ud83d"', "\\", "\t", "\r", "NaN", "Infinity"]


@given(line=st.lists(st.sampled_from(TOKENS), max_size=12).map("".join))
@example(line='{"a":1}{"a":2}')
@example(line='{"a":"\\": 5"}')
@example(line='{"a":1}\\}')
def test_any_text_is_a_row_or_malformed(line):
    assert matched(line) == parsed(line)


@pytest.mark.parametrize("text", ["1.10", "-0", "1E400", "12345678901234567890123", "1e-5"])
def test_a_number_keeps_its_text(text):
    assert matched(f'{{"a": {text}, "vendor_id": "x\\": {text}"}}') == {"a": text, "vendor_id": f'x": {text}'}


def test_the_pattern_without_possessive_quantifiers_is_the_same():
    assert row_pattern(NAMES, possessive=False) == re.sub(r"(?<=[*+?])\+(?!\])", "", row_pattern(NAMES))
    assert "++" not in row_pattern(NAMES, possessive=False)
