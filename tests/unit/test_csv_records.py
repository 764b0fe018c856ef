"""Records of CSV files: well-formed files against Python's csv module, all files against a plain reference."""

import csv
import gzip
import io
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cartlake.csv_copies import Split, lines_to_look_at, split_records, unquoted
from cartlake.csv_records import CsvLayout, RecordSplitter

LAYOUT = CsvLayout(3)
HEADER = b"a,b,c\n"


def split(content, layout=LAYOUT, block_bytes=1 << 20, part_bytes=1 << 15):
    """The values of the good records, as a reader of the copy gets them, and the texts of the malformed ones."""
    good, malformed = io.BytesIO(), io.BytesIO()
    found = split_records(io.BytesIO(content), good, malformed, layout, block_bytes, part_bytes)
    rows, texts = (read_copy(copy, layout) for copy in (good, malformed))
    assert found == Split(len(rows), len(texts))
    return rows, [text for [text] in texts]


def read_copy(copy, layout):
    text = io.StringIO(copy.getvalue().decode(), newline="")
    return list(csv.reader(text, delimiter=layout.delimiter, quotechar=layout.quote, strict=True))


def reference(content, layout=LAYOUT):
    """The same rule, one character after the other, and one line after the other from where a quote stays open."""
    lines = content.decode().removesuffix("\n").split("\n")
    while lines and is_blank(lines[0]):
        lines.pop(0)
    lines, rows, malformed = lines[1:], [], []
    while lines:
        if is_blank(lines[0]):
            lines.pop(0)
            continue
        taken, fields = first_record(lines, layout)
        if fields is None:
            malformed.append(lines[0].removesuffix("\r"))
        else:
            rows.append(fields)
        lines = lines[taken:]
    return rows, malformed


def first_record(lines, layout):
    """The number of lines of the first record and its fields, None if it is malformed."""
    for taken in range(1, len(lines) + 1):
        text = "\n".join(lines[:taken])
        fields = None if taken > 1 and len(text.encode()) > layout.record_bytes else fields_of(text, layout)
        if fields != "open":
            break
    return (taken, fields) if isinstance(fields, list) and len(fields) == layout.columns else (1, None)


def is_blank(line):
    return not line.strip("".join(map(chr, range(0x21))))


def fields_of(text, layout):
    """The fields of a text, "open" if it ends within quotes, None if text follows a closing quote."""
    fields, state, value = [], "start", ""
    for character in text:
        if state == "start" and character == layout.quote:
            state = "quoted"
        elif state == "quoted":
            state, value = ("closing", value) if character == layout.quote else ("quoted", value + character)
        elif state == "closing" and character == layout.quote:
            state, value = "quoted", value + character
        elif state != "ended" and character == layout.delimiter:
            fields, state, value = [*fields, value], "start", ""
        elif state == "closing" and character == "\r":  # the last character of a line
            state, value = "ended", value + character
        elif state in ("closing", "ended"):
            return None
        else:
            state, value = "text", value + character
    if state == "quoted":
        return "open"
    return [*fields, value if state == "closing" else value.removesuffix("\r")]


CELLS = st.text(st.sampled_from('ab",\n\r é\x1f'), max_size=5)
DIRT = st.text(st.sampled_from('ab",,,"\n\n\r é'), max_size=60)


@given(rows=st.lists(st.tuples(CELLS, CELLS, CELLS)), end=st.sampled_from(["\n", "\r\n"]), block=st.integers(1, 40))
def test_what_a_csv_writer_wrote_is_read_as_it_was(rows, end, block):
    rows = [row for row in rows if any(not is_blank(cell) for cell in row)]
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=end, quoting=csv.QUOTE_ALL).writerows([("a", "b", "c"), *rows])

    assert split(text.getvalue().encode(), block_bytes=block) == ([list(row) for row in rows], [])


@given(text=DIRT, block=st.integers(1, 60), part=st.integers(1, 20), mark=st.sampled_from(["", "\ufeff"]))
@example(text='1,2,"x\n1,2,3\n', block=4, part=1, mark="")
@example(text='"\n"x,"\n,"', block=1, part=1, mark="")
@example(text="1,2,3\r", block=1, part=1, mark="")
def test_any_text_is_split_as_the_rule_says(text, block, part, mark):
    content = HEADER + text.encode()

    assert split(mark.encode() + content, block_bytes=block, part_bytes=part) == reference(content)


@given(text=DIRT)
def test_a_long_record_is_given_up_at_the_limit(text):
    layout = CsvLayout(3, record_bytes=12)

    assert split(HEADER + text.encode(), layout, 8) == reference(HEADER + text.encode(), layout)


@given(text=st.text(st.sampled_from("ab';\t\n\r"), max_size=40), delimiter=st.sampled_from(";\t"))
def test_delimiter_and_quote_are_the_contracts(text, delimiter):
    layout = CsvLayout(2, delimiter, "'")

    assert split(b"h\n" + text.encode(), layout, 7) == reference(b"h\n" + text.encode(), layout)


@given(text=DIRT)
def test_lines_that_any_reader_reads_alike_are_records(text):
    block = text.encode() + b"\n"
    if lines_to_look_at(block, LAYOUT) == []:
        rows, malformed = reference(HEADER + block)
        assert len(rows) == block.count(b"\n")
        assert not malformed


CASES = [
    pytest.param(b'1,2,"x\ny"\n', [["1", "2", "x\ny"]], [], id="line break in the last column"),
    pytest.param(b'1,"x\r\ny",3\r\n', [["1", "x\r\ny", "3"]], [], id="line break in the middle"),
    pytest.param(b'1,2,"x\n4,5,6\n', [["4", "5", "6"]], ['1,2,"x'], id="a quote that is never closed"),
    pytest.param(b'1,2,"x"y\n4,5,6\n', [["4", "5", "6"]], ['1,2,"x"y'], id="text after a closing quote"),
    pytest.param(b'1,5" wide,3\n', [["1", '5" wide', "3"]], [], id="a quote inside a field"),
    pytest.param(b'1,"5"" wide",3\n', [["1", '5" wide', "3"]], [], id="a doubled quote"),
    pytest.param(b'1,2,"x\ry"\n1,2,x\ry\n', [["1", "2", "x\ry"]] * 2, [], id="lone carriage returns"),
    pytest.param(b"1,2\n1,2,3,4\n", [], ["1,2", "1,2,3,4"], id="other numbers of fields"),
    pytest.param(b"\n \n\r\n1,2,3", [["1", "2", "3"]], [], id="blank lines, no last line feed"),
    pytest.param(b'1,2,"\n\nx"\n', [["1", "2", "\n\nx"]], [], id="blank lines inside quotes"),
    pytest.param(b"", [], [], id="a header alone"),
]


@pytest.mark.parametrize(("text", "rows", "malformed"), CASES)
@pytest.mark.parametrize("before", [b"", b"\n\r\n", b"\xef\xbb\xbf"], ids=["", "blank", "mark"])
def test_a_record_is_whole_or_malformed(text, rows, malformed, before):
    assert split(before + HEADER + text) == (rows, malformed)


def test_a_gzip_file_is_read_as_it_expands():
    packed = gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(HEADER + b"1,2,3\n")))
    good = io.BytesIO()

    assert split_records(packed, good, io.BytesIO(), LAYOUT, 4) == Split(1, 0)
    assert good.getvalue() == b"1,2,3\n"


def test_an_empty_field_is_no_value():
    assert CsvLayout(4).values(b',"",a"b,"x""y"') == [None, None, 'a"b', 'x"y']


@pytest.mark.parametrize(
    ("block", "bare"),
    [
        (b'a,"x,y",c\n', b"a,,c\n"),
        (b'"x""",b\r\n', b",b\r\n"),
        (b'a"b\n', None),
        (b'"a"b"\n', None),
        (b'"a\nb"\n', None),
        (b"a\rb\n", None),
    ],
)
def test_quotes_around_whole_fields_of_a_line_can_be_left_out(block, bare):
    assert unquoted(block, LAYOUT) == bare


@pytest.mark.parametrize(
    "line",
    [b'1,2,"x\n', b'"\n', b"1,2,3\n" * 20 + b'1,2,"x\n', b'1,2,"\n' * 1000 + b"1,2,3\n" * 1000],
    ids=["each line opens a quote", "quotes alone", "some lines open one", "many open, many plain"],
)
def test_open_quotes_cost_time_in_proportion_to_the_file(line):
    def seconds(lines):
        content = line * (lines // line.count(b"\n"))
        start = time.process_time()
        splitter = RecordSplitter(CsvLayout(3, record_bytes=1 << 16))
        splitter.feed(content[:-1].split(b"\n"))
        splitter.finish()
        return time.process_time() - start

    few = min(seconds(20_000) for _ in range(3))
    assert seconds(160_000) < 32 * few + 0.5
