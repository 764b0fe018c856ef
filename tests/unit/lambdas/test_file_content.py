"""The pure core of file_validator: bytes in, verdict out."""

import codecs
import gzip
import hashlib
import io
import json
import random
import tracemalloc
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cartlake.ledger import Content
from lambdas.file_validator.adapters import parquet_column
from lambdas.file_validator.content import stored
from lambdas.file_validator.content.line_records import LineRecords
from lambdas.file_validator.content.parquet import ParquetColumn, ParquetFooter, UnreadableFooterError, fits
from lambdas.file_validator.content.parquet_chunks import Chunks
from lambdas.file_validator.content.refusal import Reason, RefusedError, Rejection
from lambdas.file_validator.content.rules import ExpectedColumn, FileRules
from lambdas.file_validator.content.text import TextCheck
from lambdas.file_validator.domain import Candidate, examine

RULES = FileRules(
    dataset="orders",
    contract_version="1.2.0",
    columns=(
        ExpectedColumn("order_id", "string", required=True),
        ExpectedColumn("customer_email", "string", required=True),
        ExpectedColumn("amount", "decimal(12,2)", required=True),
        ExpectedColumn("ordered_at", "timestamp", required=True),
        ExpectedColumn("note", "string", required=False),
    ),
    formats=("csv", "jsonl", "parquet"),
    compressions=("none", "gzip"),
    delimiter=",",
    quote='"',
    max_file_bytes=10 << 20,
    max_line_bytes=1000,
    max_expanded_bytes=20 << 20,
    max_expansion_ratio=200,
)
HEADER = "order_id,customer_email,amount,ordered_at,note"
ROW = "o1,a@example.com,9.99,2026-01-31T08:30:00Z,fast"
CSV = f"{HEADER}\n{ROW}\n".encode()
QUOTED_HEADER = ",".join(f'"{name}"' for name in HEADER.split(","))
QUOTED_CSV = f"{QUOTED_HEADER}\n{ROW}\n".encode()
JSON_ROW = {"order_id": "o1", "customer_email": "a@example.com", "amount": "9.99", "ordered_at": "2026-01-31T08:30:00Z"}
JSONL = (json.dumps(JSON_ROW) + "\n").encode()


def pieces(data, size):
    return [data[start : start + size] for start in range(0, len(data), size)]


def written(**column):
    """A column of a Parquet file as the footer shows it."""
    file = io.BytesIO()
    pq.write_table(pa.schema(column.items()).empty_table(), file)
    read = pq.ParquetFile(file)
    physical = {one.path: one.physical_type for one in map(read.schema.column, range(len(read.schema)))}
    [field] = read.schema_arrow
    return parquet_column(field, field.name, physical)


def no_footer():
    raise AssertionError("only Parquet files have a footer")


@dataclass
class Bytes:
    """A file as the validator reads one: its size as S3 tells it, its chunks, its footer."""

    size: int
    content: Iterable[bytes] | None
    parquet_footer: Callable[[], ParquetFooter] = no_footer

    def chunks(self):
        assert self.content is not None, "the file was opened"
        return iter(self.content)


def verdict(data, kind="csv", *, gz=False, rules=RULES, chunk=1 << 20, footer=no_footer):
    return examine(Candidate("orders", kind, gz), rules, Bytes(len(data), pieces(data, chunk), footer))


def reason(data, kind="csv", **options):
    found = verdict(data, kind, **options)
    assert isinstance(found, Rejection), found
    assert found.message.endswith((".", "'", "note")), found.message
    json.dumps(dict(found.details))
    return found.reason


class TestUnknownColumns:
    """What the contract ignores or keeps is no reason to refuse a file; what it requires is missing all the same."""

    @pytest.mark.parametrize("unknown", ["ignore", "keep"])
    @pytest.mark.parametrize(
        ("data", "kind"),
        [(CSV.replace(b"note", b"note,Shoe Size", 1).replace(b"fast", b"fast,42"), "csv"), (JSONL, "jsonl")],
    )
    def test_unknown_columns_pass(self, unknown, data, kind):
        data = data.replace(b'{"order_id"', b'{"Shoe Size": 42, "order_id"')

        assert isinstance(verdict(data, kind, rules=replace(RULES, unknown_columns=unknown)), Content)

    def test_what_is_required_is_missed(self):
        rules = replace(RULES, unknown_columns="keep")

        assert reason(CSV.replace(b"amount", b"zzz", 1), rules=rules) is Reason.MISSING_COLUMNS
        assert reason(CSV.replace(b"customer_email", b"customer_mail"), rules=rules) is Reason.RENAMED_COLUMNS


class TestGoodText:
    @pytest.mark.parametrize("chunk", [1, 7, 1 << 20])
    def test_a_csv_file_is_described(self, chunk):
        found = verdict(CSV, chunk=chunk)

        assert isinstance(found, Content)
        assert found.sha256 == hashlib.sha256(CSV).hexdigest()
        assert found.row_estimate == 1
        assert found.contract_version == "1.2.0"
        assert found.format.model_dump() == {
            "kind": "csv",
            "compression": "none",
            "encoding": "utf-8",
            "delimiter": ",",
            "header": HEADER.split(","),
            "line_bytes_at_most": 1000,
            "line_is_record": True,
            "has_padding": False,
            "names": {},
        }

    @pytest.mark.parametrize(
        ("data", "rows"),
        [
            pytest.param(CSV.rstrip(b"\n"), 1, id="no last line break"),
            pytest.param(CSV.replace(b"\n", b"\r\n"), 1, id="CRLF"),
            pytest.param(codecs.BOM_UTF8 + CSV, 1, id="UTF-8 byte order mark"),
            pytest.param(QUOTED_CSV, 1, id="quoted header names"),
            pytest.param(b"\n\r\n" + CSV, 3, id="empty lines first"),
            pytest.param(f"{HEADER}\n{ROW.replace('fast', 'smörgås 🍣')}\n".encode(), 1, id="beyond ASCII"),
            pytest.param((HEADER + "\n" + (ROW + "\n") * 50).encode(), 50, id="many rows"),
        ],
    )
    @pytest.mark.parametrize("chunk", [1, 64, 1 << 20])
    def test_variants_of_good_csv(self, data, rows, chunk):
        found = verdict(data, chunk=chunk)

        assert isinstance(found, Content), found
        assert found.format.header == HEADER.split(",")
        assert found.row_estimate == rows

    def test_reordered_columns_are_told_in_the_order_of_the_file(self):
        found = verdict(b"note,amount,ordered_at,order_id,customer_email\nfast,1,2026,o1,a@b\n")

        assert found.format.header == ["note", "amount", "ordered_at", "order_id", "customer_email"]

    def test_an_optional_column_may_be_missing(self):
        assert isinstance(verdict(b"order_id,customer_email,amount,ordered_at\n1,2,3,4\n"), Content)

    @pytest.mark.parametrize("chunk", [1, 1 << 20])
    def test_json_lines(self, chunk):
        found = verdict(JSONL * 300, "jsonl", chunk=chunk)

        assert (found.format.kind, found.format.header, found.row_estimate) == ("jsonl", [], 300)

    @pytest.mark.parametrize("chunk", [1, 5, 1 << 20])
    @pytest.mark.parametrize("kind", ["csv", "jsonl"])
    def test_gzip_of_one_or_many_members_with_padding(self, kind, chunk):
        text = CSV if kind == "csv" else JSONL
        data = gzip.compress(text[:20]) + gzip.compress(text[20:]) + b"\0" * 512

        found = verdict(data, kind, gz=True, chunk=chunk)

        assert isinstance(found, Content), found
        assert found.format.compression == "gzip"
        assert found.format.has_padding
        assert not verdict(gzip.compress(text) * 2, kind, gz=True, chunk=chunk).format.has_padding
        assert found.sha256 == hashlib.sha256(data).hexdigest()

    def test_a_dense_last_chunk_of_gzip_is_read_to_its_end(self):
        data = gzip.compress(CSV + b"\n" * (3 * stored.WINDOW))

        found = verdict(data, gz=True)
        assert found.row_estimate == 1 + 3 * stored.WINDOW
        assert found.expanded_size == len(CSV) + 3 * stored.WINDOW


class TestBadText:
    @pytest.mark.parametrize(
        ("data", "expected"),
        [
            pytest.param(b"", Reason.EMPTY_FILE, id="no bytes"),
            pytest.param(b"\n\r\n \n", Reason.EMPTY_FILE, id="blank lines only"),
            pytest.param(HEADER.encode(), Reason.NO_ROWS, id="header only"),
            pytest.param(HEADER.encode() + b"\n\n \r\n", Reason.NO_ROWS, id="header and blank lines"),
            pytest.param(CSV.decode().encode("utf-16"), Reason.WRONG_ENCODING, id="UTF-16 with mark"),
            pytest.param(CSV.decode().encode("utf-16-le"), Reason.WRONG_ENCODING, id="UTF-16 little endian, bare"),
            pytest.param(CSV.decode().encode("utf-16-be"), Reason.WRONG_ENCODING, id="UTF-16 big endian, bare"),
            pytest.param(CSV.decode().encode("utf-32"), Reason.WRONG_ENCODING, id="UTF-32"),
            pytest.param(CSV + "Malmö\n".encode("latin-1"), Reason.WRONG_ENCODING, id="Latin-1"),
            pytest.param(CSV + "ö".encode()[:1], Reason.WRONG_ENCODING, id="cut inside a character"),
            pytest.param(random.Random(1).randbytes(5000), Reason.BINARY_CONTENT, id="noise"),
            pytest.param(b"PK\x03\x04" + CSV, Reason.BINARY_CONTENT, id="Excel"),
            pytest.param(b"PAR1" + CSV, Reason.BINARY_CONTENT, id="Parquet named csv"),
            pytest.param(CSV + b"\0\0\0", Reason.BINARY_CONTENT, id="zero bytes"),
            pytest.param(bytes(range(1, 32)) * 9 + CSV, Reason.BINARY_CONTENT, id="control characters"),
            pytest.param(gzip.compress(CSV), Reason.WRONG_COMPRESSION, id="gzip under another name"),
            pytest.param(CSV + b"x" * 1001, Reason.LINE_TOO_LONG, id="long last line"),
            pytest.param(CSV + b"x" * 1001 + b"\n", Reason.LINE_TOO_LONG, id="long line"),
            pytest.param(CSV * 200 + b"x" * 1001 + b"\n" + CSV * 200, Reason.LINE_TOO_LONG, id="long line amid others"),
            pytest.param(CSV.replace(b"\n", b"\r"), Reason.WRONG_LINE_ENDINGS, id="carriage returns alone"),
            pytest.param(CSV.replace(b",", b";"), Reason.WRONG_DELIMITER, id="semicolons"),
            pytest.param(CSV.replace(b",", b"\t"), Reason.WRONG_DELIMITER, id="tabs"),
            pytest.param(CSV.replace(b",", b"|"), Reason.WRONG_DELIMITER, id="pipes"),
            pytest.param((ROW + "\n").encode() * 2, Reason.MISSING_HEADER, id="no header"),
            pytest.param(CSV.replace(b",amount", b"", 1), Reason.MISSING_COLUMNS, id="missing column"),
            pytest.param(CSV.replace(b"note", b"note,shoe_size", 1), Reason.EXTRA_COLUMNS, id="extra column"),
            pytest.param(CSV.replace(b"customer_email", b"customer_mail"), Reason.RENAMED_COLUMNS, id="renamed"),
            pytest.param(CSV.replace(b"note", b"notes", 1), Reason.RENAMED_COLUMNS, id="renamed optional column"),
            pytest.param(CSV.replace(b"order_id", b"Order ID", 1), Reason.RENAMED_COLUMNS, id="other case and space"),
            pytest.param(CSV.replace(b"note", b"amount", 1), Reason.DUPLICATE_COLUMNS, id="repeated column"),
            pytest.param(CSV.replace(b"note", b"", 1), Reason.EXTRA_COLUMNS, id="nameless column"),
        ],
    )
    @pytest.mark.parametrize("chunk", [64, 1 << 20])
    def test_each_fault_has_its_reason(self, data, expected, chunk):
        assert reason(data, chunk=chunk) is expected

    @pytest.mark.parametrize(
        ("data", "expected"),
        [
            pytest.param(b"[" + JSONL.strip() + b"]", Reason.JSON_ARRAY, id="array"),
            pytest.param(json.dumps(JSON_ROW, indent=1).encode(), Reason.MALFORMED_JSON, id="pretty printed"),
            pytest.param(b'"text"\n', Reason.MALFORMED_JSON, id="not an object"),
            pytest.param(b"\n [" + JSONL * 99 + b"]", Reason.JSON_ARRAY, id="array longer than a line"),
            pytest.param(JSONL.strip() + b", trailing words\n", Reason.MALFORMED_JSON, id="trailing words"),
            pytest.param(JSONL.strip() * 9 + b"x" * 1001, Reason.LINE_TOO_LONG, id="long last object"),
            pytest.param(b"[" * 900 + b"\n", Reason.JSON_ARRAY, id="deeply nested"),
            pytest.param(JSONL + b'{"order_id": "o2", "shoe_size": 4}\n', Reason.EXTRA_COLUMNS, id="extra key"),
            pytest.param(JSONL.replace(b"amount", b"amout"), Reason.RENAMED_COLUMNS, id="renamed key"),
            pytest.param(JSONL.replace(b'"amount": "9.99", ', b""), Reason.MISSING_COLUMNS, id="missing key"),
            pytest.param(b" \n", Reason.EMPTY_FILE, id="blank"),
            pytest.param(JSONL.decode().encode("utf-16"), Reason.WRONG_ENCODING, id="UTF-16"),
            pytest.param(JSONL + b"x" * 1001, Reason.LINE_TOO_LONG, id="long line"),
        ],
    )
    @pytest.mark.parametrize("chunk", [64, 1 << 20])
    def test_each_fault_of_json_lines_has_its_reason(self, data, expected, chunk):
        assert reason(data, "jsonl", chunk=chunk) is expected

    def test_keys_about_the_row_are_not_columns(self):
        replayed = json.dumps({**JSON_ROW, "_quarantine_row_id": "ab12"}).encode() + b"\n"

        assert isinstance(verdict(replayed, "jsonl"), Content)

    def test_one_bad_json_line_among_good_ones_is_a_row_to_quarantine(self):
        assert isinstance(verdict(JSONL + b"{broken\n" + JSONL, "jsonl"), Content)

    @pytest.mark.parametrize("chunk", [1, 64, 1 << 20])
    def test_objects_without_line_breaks_between_them_are_counted_and_noted(self, chunk):
        found = verdict(JSONL.strip() * 300, "jsonl", chunk=chunk)

        assert isinstance(found, Content), found
        assert found.format.line_is_record is False
        assert found.row_estimate == 300
        assert verdict(JSONL * 300, "jsonl", chunk=chunk).format.line_is_record is True

    def test_keys_of_objects_on_one_line_are_looked_at(self):
        other = b'{"order_id": "o2", "shoe_size": 4}'

        assert reason(JSONL.strip() + other, "jsonl") is Reason.EXTRA_COLUMNS

    def test_a_required_key_may_be_absent_from_some_rows(self):
        assert isinstance(verdict(b'{"order_id": "o0"}\n' + JSONL, "jsonl"), Content)

    @pytest.mark.parametrize(
        ("written", "shown"),
        [
            pytest.param(" note", "' note' is probably note", id="space"),
            pytest.param("note\u00a0", r"'note\xa0' is probably note", id="no-break space"),
            pytest.param("\ufeffnote", r"'\ufeffnote' is probably note", id="byte order mark"),
            pytest.param("NOTE", "NOTE is probably note", id="case"),
            pytest.param("shoe_size", "does not know: shoe_size.", id="unknown"),
        ],
    )
    def test_what_cannot_be_seen_in_a_name_is_shown(self, written, shown):
        assert shown in verdict(CSV.replace(b"note", written.encode(), 1)).message

    def test_a_column_in_place_of_another_is_named_with_what_is_missing(self):
        found = verdict(CSV.replace(b",amount", b",shoe_size", 1))

        assert found.reason is Reason.MISSING_COLUMNS
        assert "requires: amount" in found.message
        assert "shoe_size" in found.message

    def test_messages_name_the_thing_the_value_and_the_next_step(self):
        renamed = verdict(CSV.replace(b"customer_email", b"customer_mail"))
        delimiter = verdict(CSV.replace(b",", b";"))
        encoding = verdict(CSV + "Malmö\n".encode("latin-1"))

        assert "customer_mail is probably customer_email" in renamed.message
        assert renamed.details["renamed"] == {"customer_mail": "customer_email"}
        assert "semicolon (';')" in delimiter.message
        assert f"0xF6 at offset {len(CSV) + 4}" in encoding.message

    def test_the_offset_of_a_bad_byte_counts_the_byte_order_mark_and_carried_bytes(self):
        data = codecs.BOM_UTF8 + CSV + "ö".encode() + b"\xff"

        for chunk in (len(data) - 2, 4096, 5000):
            assert verdict(data, chunk=chunk).details["offset"] == len(data) - 1

    def test_a_line_of_just_the_limit_is_accepted(self):
        line = ROW + "x" * (1000 - len(ROW))

        assert isinstance(verdict(f"{HEADER}\n{line}\n".encode()), Content)
        assert reason(f"{HEADER}\n{line}x\n".encode()) is Reason.LINE_TOO_LONG

    def test_readers_are_told_how_long_lines_can_be(self):
        wide = replace(RULES, max_line_bytes=1 << 20)

        assert verdict(CSV).format.line_bytes_at_most == RULES.max_line_bytes
        assert verdict(CSV, rules=wide).format.line_bytes_at_most == 16 << 10
        assert verdict(CSV + b"," * 20_000, rules=wide).format.line_bytes_at_most == 32 << 10

    def test_the_long_line_is_named_by_its_number(self):
        assert verdict(CSV * 3 + b"x" * 1001 + b"\n" + CSV).details["line"] == 7


@settings(max_examples=200)
@given(
    lengths=st.lists(st.integers(0, 30), max_size=30),
    chunk=st.integers(1, 50),
    closed=st.booleans(),
    short=st.integers(1, 20),
)
def test_lines_are_counted_and_bounded_as_if_each_were_looked_at(lengths, chunk, closed, short):
    text = b"\n".join(b"x" * length for length in lengths) + (b"\n" if closed else b"")
    first_long = next((n for n, length in enumerate(lengths, start=1) if length > 20), None)
    check = TextCheck(max_line_bytes=20, short_line_bytes=short)

    def feed_all():
        for piece in pieces(text, chunk):
            check.feed(piece)

    if first_long is None:
        feed_all()
        assert check.lines == len(text.splitlines())
        longest = max((len(line) for line in text.splitlines()), default=0)
        assert longest <= check.line_bytes_at_most <= max(short, 2 * longest)
    else:
        with pytest.raises(RefusedError) as refused:
            feed_all()
        assert refused.value.rejection.details["line"] == first_long


@pytest.mark.parametrize(
    ("rows", "by_line"),
    [
        (b'1,"a, ""b"""\r\n2,""\n', True),
        (b"1,a", True),
        (b"", True),
        (b'1,"a\nb"\n', False),
        (b'1,"a\n', False),
        (b'1,"a', False),
        (b'1,"a"b\n', False),
        (b'1,"a"b\n2,c', False),
        (b'1,a"b\n', False),
        (b"1,a\rb\n", False),
        (b"1,a\r", True),
    ],
)
@pytest.mark.parametrize("chunk", [1, 3, 1000])
def test_a_file_says_whether_its_lines_are_records(rows, by_line, chunk):
    lines = LineRecords(",", '"')
    for piece in pieces(b"id,name\n" + rows, chunk):
        lines.feed(piece)

    assert lines.finish() is by_line


class TestLimits:
    def test_a_file_beyond_the_limit_is_not_even_opened(self):
        rules = replace(RULES, max_file_bytes=10)

        found = examine(Candidate("orders", "csv", gzip_name=False), rules, Bytes(11, None))

        assert found.reason is Reason.FILE_TOO_LARGE

    def test_a_file_that_is_larger_than_it_said_is_not_read_to_its_end(self):
        taken = []
        chunks = (taken.append(n) or CSV * 10 for n in range(1000))
        rules = replace(RULES, max_file_bytes=5000)

        found = examine(Candidate("orders", "csv", gzip_name=False), rules, Bytes(10, chunks))

        assert found.reason is Reason.FILE_TOO_LARGE
        assert len(taken) < 10

    def test_a_line_of_200_mb_is_refused_at_the_limit_without_being_held(self):
        taken = []
        chunks = (taken.append(n) or b"x" * (1 << 20) for n in range(200))
        rules = replace(RULES, max_file_bytes=1 << 30, max_line_bytes=4 << 20)
        tracemalloc.start()

        found = examine(Candidate("orders", "csv", gzip_name=False), rules, Bytes(200 << 20, chunks))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()

        assert found.reason is Reason.LINE_TOO_LONG
        assert len(taken) == 5
        assert peak < 24 << 20

    def test_memory_does_not_grow_with_the_file(self):
        def peak(blocks):
            rules = replace(RULES, max_file_bytes=1 << 30)
            rows = (ROW + "\n").encode() * 2000
            tracemalloc.start()
            examine(Candidate("orders", "csv", gzip_name=False), rules, Bytes(0, [CSV] + [rows] * blocks))
            size = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            return size

        assert peak(400) < peak(20) + 100_000

    def test_a_gzip_bomb_is_refused_before_it_goes_off(self):
        bomb = gzip.compress(CSV + b"\n" * (100 << 20))
        taken = []
        chunks = (taken.append(len(piece)) or piece for piece in pieces(bomb, 1024))

        found = examine(Candidate("orders", "csv", gzip_name=True), RULES, Bytes(len(bomb), chunks))

        assert found.reason is Reason.GZIP_BOMB
        assert found.details["expanded_bytes"] <= RULES.max_expanded_bytes + stored.WINDOW
        assert sum(taken) < len(bomb) / 2

    def test_a_dense_gzip_below_the_absolute_limit_is_refused_by_its_ratio(self):
        bomb = gzip.compress(CSV + b"\n" * (80 << 20))

        found = verdict(bomb, gz=True, rules=replace(RULES, max_expanded_bytes=1 << 40))

        assert found.reason is Reason.GZIP_BOMB
        assert found.details["max_ratio"] == 200

    def test_a_small_dense_file_is_fine(self):
        assert isinstance(verdict(gzip.compress(CSV + (ROW + "\n").encode() * 100_000), gz=True), Content)

    def test_empty_members_without_end_are_refused(self):
        data = gzip.compress(b"") * 10_100

        assert reason(data, gz=True) is Reason.GZIP_BOMB

    @pytest.mark.parametrize("cut", [5, 30, -9, -4, -1])
    def test_truncated_gzip(self, cut):
        text = CSV + random.Random(1).randbytes(2000).hex(",").encode()[:900]

        assert reason(gzip.compress(text)[:cut], gz=True, chunk=64) is Reason.TRUNCATED_GZIP

    @pytest.mark.parametrize(
        "data",
        [
            pytest.param(gzip.compress(CSV)[:-8] + b"\1" * 8, id="wrong checksum"),
            pytest.param(gzip.compress(CSV) + b"garbage", id="garbage after the last member"),
            pytest.param(b"\x1f\x8b" + b"garbage" * 9, id="not gzip after its first two bytes"),
        ],
    )
    def test_damaged_gzip(self, data):
        assert reason(data, gz=True) is Reason.CORRUPT_GZIP

    @pytest.mark.parametrize(
        ("data", "expected"),
        [
            pytest.param(CSV, Reason.WRONG_COMPRESSION, id="plain text"),
            pytest.param(b"", Reason.EMPTY_FILE, id="no bytes"),
            pytest.param(gzip.compress(b""), Reason.EMPTY_FILE, id="gzip of nothing"),
            pytest.param(gzip.compress(gzip.compress(CSV)), Reason.BINARY_CONTENT, id="gzip of gzip"),
        ],
    )
    def test_what_is_named_gz_must_be_gzip_of_text(self, data, expected):
        assert reason(data, gz=True) is expected

    @pytest.mark.parametrize("change", [{"formats": ("jsonl",)}, {"compressions": ("gzip",)}])
    def test_a_format_the_contract_does_not_take(self, change):
        assert reason(CSV, rules=replace(RULES, **change)) is Reason.UNSUPPORTED_FORMAT


GOOD_COLUMNS = (
    ParquetColumn("order_id", "string", "BYTE_ARRAY"),
    ParquetColumn("customer_email", "large_string", "BYTE_ARRAY"),
    ParquetColumn("amount", "decimal128(12, 2)", "FIXED_LEN_BYTE_ARRAY"),
    ParquetColumn("ordered_at", "timestamp[us, tz=UTC]", "INT64"),
)


def footer_of(columns, rows, expanded_size=0, codecs=frozenset(), encodings=frozenset()):
    return ParquetFooter(columns, Chunks(rows, expanded_size, codecs, encodings))


def parquet_bytes(footer=100, body=500):
    return b"PAR1" + b"x" * body + footer.to_bytes(4, "little") + b"PAR1"


class TestParquet:
    def test_a_good_file_is_described_by_its_footer_and_hashed_whole(self):
        data = parquet_bytes()

        found = verdict(data, "parquet", footer=lambda: footer_of(GOOD_COLUMNS, 42, expanded_size=1_000), chunk=50)

        assert found.sha256 == hashlib.sha256(data).hexdigest()
        assert (found.row_estimate, found.expanded_size) == (42, 1_000)
        assert found.format.header == ["order_id", "customer_email", "amount", "ordered_at"]

    @pytest.mark.parametrize(
        ("data", "expected"),
        [
            pytest.param(b"", Reason.EMPTY_FILE, id="no bytes"),
            pytest.param(CSV, Reason.CORRUPT_PARQUET, id="text"),
            pytest.param(parquet_bytes()[:-1], Reason.CORRUPT_PARQUET, id="cut off"),
            pytest.param(parquet_bytes(footer=9999), Reason.CORRUPT_PARQUET, id="footer longer than the file"),
            pytest.param(b"PAR1PAR1", Reason.CORRUPT_PARQUET, id="marks only"),
        ],
    )
    def test_damaged_files_are_refused_before_their_footer_is_read(self, data, expected):
        assert reason(data, "parquet", chunk=3) is expected

    def test_a_footer_that_would_not_fit_into_memory_is_not_read(self):
        data = parquet_bytes(footer=17 << 20, body=17 << 20)

        assert reason(data, "parquet", rules=replace(RULES, max_file_bytes=1 << 30)) is Reason.FILE_TOO_LARGE

    def test_an_unreadable_footer_is_a_verdict(self):
        def unreadable():
            raise UnreadableFooterError("thrift is broken")

        found = verdict(parquet_bytes(), "parquet", footer=unreadable)

        assert found.reason is Reason.CORRUPT_PARQUET
        assert "thrift is broken" in found.message

    def test_a_file_without_rows(self):
        assert reason(parquet_bytes(), "parquet", footer=lambda: footer_of(GOOD_COLUMNS, 0)) is Reason.NO_ROWS

    def test_a_codec_that_spark_cannot_read_is_named(self):
        found = verdict(
            parquet_bytes(), "parquet", footer=lambda: footer_of(GOOD_COLUMNS, 1, codecs=frozenset({"BROTLI"}))
        )

        assert found.reason is Reason.UNSUPPORTED_FORMAT
        assert "BROTLI" in found.message

    def test_other_types_are_listed_with_what_was_expected(self):
        columns = (*GOOD_COLUMNS[:2], ParquetColumn("amount", "double", "DOUBLE"), GOOD_COLUMNS[3])

        found = verdict(parquet_bytes(), "parquet", footer=lambda: footer_of(columns, 1))

        assert found.reason is Reason.WRONG_TYPES
        assert found.details["columns"] == {"amount": {"found": "double", "expected": "decimal(12,2)"}}

    def test_a_missing_column(self):
        footer = footer_of(GOOD_COLUMNS[:3], 1)

        assert reason(parquet_bytes(), "parquet", footer=lambda: footer) is Reason.MISSING_COLUMNS

    @pytest.mark.parametrize(
        ("found", "wanted", "expected"),
        [
            ("int64", "int", True),
            ("uint64", "bigint", False),
            ("string", "int", False),
            ("double", "int", False),
            ("int32", "decimal(12,2)", True),
            ("decimal128(10, 2)", "decimal(12,2)", True),
            ("decimal128(12, 1)", "decimal(12,2)", False),
            ("decimal128(12, 3)", "decimal(12,2)", False),
            ("decimal128(13, 2)", "decimal(12,2)", False),
            ("double", "decimal(12,2)", False),
            ("timestamp[ms]", "timestamp", True),
            ("timestamp[us, tz=UTC]", "timestamp", True),
            ("timestamp[ns]", "timestamp", False),
            ("date32[day]", "timestamp", False),
            ("date32[day]", "date", True),
            ("dictionary<values=string, indices=int32, ordered=0>", "string", True),
            ("list<element: string>", "string", False),
            ("struct<a: int64>", "string", False),
            ("bool", "boolean", True),
            ("float", "double", True),
            ("double", "float", False),
        ],
    )
    def test_which_types_fit(self, found, wanted, expected):
        assert fits(ParquetColumn("c", found, ""), ExpectedColumn("c", wanted, required=True)) is expected

    @pytest.mark.parametrize(
        ("found", "wanted", "expected"),
        [
            (pa.list_(pa.struct({"a": pa.int32(), "b": pa.string()})), "array<struct<b:string,a:int>>", True),
            (pa.large_list(pa.struct({"a": pa.int32()})), "array<struct<b:string,a:bigint>>", True),
            (pa.list_(pa.struct({"a": pa.float64()})), "array<struct<a:int>>", False),
            (pa.struct({"a": pa.int32()}), "array<struct<a:int>>", False),
            (pa.list_(pa.int32()), "struct<a:int>", False),
            (pa.struct({"a": pa.struct({"t": pa.timestamp("us")})}), "struct<a:struct<t:timestamp>>", True),
            (pa.struct({"a": pa.timestamp("ns")}), "struct<a:timestamp>", False),
            (pa.list_(pa.list_(pa.string())), "array<array<string>>", True),
            (pa.map_(pa.string(), pa.string()), "array<struct<key:string,value:string>>", False),
            (pa.string(), "struct<a:int>", False),
        ],
    )
    def test_which_nested_types_fit(self, found, wanted, expected):
        assert fits(written(c=found), ExpectedColumn("c", wanted, required=True)) is expected

    def test_a_struct_may_have_more_fields_where_unknown_ones_are_ignored(self):
        column, wanted = written(c=pa.struct({"a": pa.int32(), "b": pa.binary()})), "struct<a:int>"

        assert not fits(column, ExpectedColumn("c", wanted, required=False))
        assert fits(column, ExpectedColumn("c", wanted, required=False), may_have_more=True)

    @pytest.mark.parametrize(
        ("unknown", "kind", "expected"),
        [
            ("refuse", pa.string(), Reason.EXTRA_COLUMNS),
            ("ignore", pa.string(), None),
            ("ignore", pa.map_(pa.string(), pa.string()), None),
            ("keep", pa.string(), None),
            ("keep", pa.struct({"a": pa.list_(pa.int32())}), None),
            ("keep", pa.map_(pa.string(), pa.string()), Reason.WRONG_TYPES),
            ("keep", pa.struct({"a": pa.binary()}), Reason.WRONG_TYPES),
            ("keep", pa.time64("us"), Reason.WRONG_TYPES),
        ],
    )
    def test_unknown_columns_by_the_contract_s_word(self, unknown, kind, expected):
        footer, rules = footer_of((*GOOD_COLUMNS, written(zz=kind)), 1), replace(RULES, unknown_columns=unknown)

        found = verdict(parquet_bytes(), "parquet", footer=lambda: footer, rules=rules)

        assert (found.reason if isinstance(found, Rejection) else None) is expected

    def test_names_that_differ_in_case_alone(self):
        footer = footer_of((*GOOD_COLUMNS, ParquetColumn("Amount", "string", "BYTE_ARRAY")), 1)
        rules = replace(RULES, unknown_columns="keep")

        assert reason(parquet_bytes(), "parquet", footer=lambda: footer, rules=rules) is Reason.DUPLICATE_COLUMNS

    def test_old_sparks_int96_is_readable_although_it_looks_like_nanoseconds(self):
        assert fits(ParquetColumn("c", "timestamp[ns]", "INT96"), ExpectedColumn("c", "timestamp", required=True))
