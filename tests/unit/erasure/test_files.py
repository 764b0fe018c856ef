"""Files of every format without one person's records: those, and nothing else, are gone."""

import csv
import gzip
import io
import json
import string
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cartlake import contracts
from cartlake.contracts.custom_properties.record_mapping import FillDown, Unpivot
from cartlake.csv_records import CsvLayout
from cartlake_cli.erasure.raw_files.files import mentions, rewrite
from cartlake_cli.erasure.raw_files.records import Columns, csv_units
from cartlake_cli.erasure.subject import Subject

THEIRS = "CUS-0004242"
SUBJECT = Subject(frozenset({THEIRS, "CUS-0000007"}), frozenset({"ada@example.org", "+4930123456"}))
COLUMNS = Columns(contracts.load("reviews"), ("customer_id",))


def rewritten(content, kind, columns=COLUMNS):
    target = io.BytesIO()
    counts = rewrite(io.BytesIO(content), target, kind, SUBJECT, columns)
    return target.getvalue(), counts


def test_csv_keeps_every_other_byte():
    kept = b'r1,"a ""quoted""\r\nline",CUS-0000001\r\n'
    content = (
        b"\xef\xbb\xbfreview_id,body,customer_id\r\n"
        + kept
        + b"r2,x,CUS-0004242\r\n"
        + b"\r\n  \n"
        + b'r3,"of two\nlines ","CUS-0004242"\n'
        + b"r4,not theirs CUS-00042420,CUS-0000002\n"
        + b"r5,mentions CUS-0004242 in its text,CUS-0000003\n"
        + b"r6,write to Ada@example.org,\n"
        + b"torn,CUS-0004242\n"
        + b'r7,"open,CUS-0000004\n'
        + b"r8,last,CUS-0000005"
    )
    expected = content
    for gone in (
        b"r2,x,CUS-0004242\r\n",
        b'r3,"of two\nlines ","CUS-0004242"\n',
        b"r6,write to Ada@example.org,\n",
        b"torn,CUS-0004242\n",
    ):
        expected = expected.replace(gone, b"")
    assert rewritten(content, "csv") == (expected, type(rewritten(content, "csv")[1])(4, 5))


def mapped(**words):
    """The columns of a contract that has these words about records."""
    contract = contracts.load("reviews")
    return Columns(replace(contract, tables=(replace(contract.table, **words),)), ("customer_id",))


def test_csv_loses_every_row_of_a_person_whose_id_stands_in_the_first_of_them_alone():
    content = (
        b"review_id,body,customer_id\nr1,a,CUS-0000001\nr1,b,\n"
        b"r2,c,CUS-0004242\nr2,d,\ntorn\nr2,e,\nr3,f,CUS-0000002\nr2,g,\n"
    )
    filled = mapped(fill_down=FillDown("review_id", ("customer_id",)))

    kept = content.replace(b"r2,c,CUS-0004242\nr2,d,\n", b"").replace(b"r2,e,\n", b"")
    assert rewritten(content, "csv", filled)[0] == kept


def test_csv_loses_a_record_in_which_one_of_many_columns_names_the_person():
    content = b"review_id,Who 1,Who 2\nr1,CUS-0000001,CUS-0000002\nr2,CUS-0000001,CUS-0004242\n"

    found, counts = rewritten(content, "csv", mapped(unpivot=Unpivot((("customer_id", "Who {n}"),))))

    assert found == content.replace(b"r2,CUS-0000001,CUS-0004242\n", b"")
    assert (counts.removed, counts.kept) == (1, 1)


def test_json_keeps_every_other_byte():
    content = (
        b'{"review_id": "r1", "customer_id": "CUS-0000001", "rating": 1.10}\r\n'
        b'{"customer_id": "CUS-0004242"}\r\n'
        b'{"customer_id": "CUS-0000001", "body": "}{"}  {"customer_id":"CUS-0004242"} {"customer_id":"CUS-0000002"}\n'
        b"\n"
        b'{"customer_id": "CUS\\u002d0004242"}\n'
        b'{"customer_id": null, "body": "ada@example.org"}\n'
        b'{"customer_id": "CUS-0000001", "body": "like CUS-0004242"}\n'
        b"not json about CUS-0004242\n"
        b'{"customer_id": "CUS-0000003"}'
    )
    expected = (
        b'{"review_id": "r1", "customer_id": "CUS-0000001", "rating": 1.10}\r\n'
        b'{"customer_id": "CUS-0000001", "body": "}{"}  {"customer_id":"CUS-0000002"}\n'
        b"\n"
        b'{"customer_id": "CUS-0000001", "body": "like CUS-0004242"}\n'
        b'{"customer_id": "CUS-0000003"}'
    )
    found, counts = rewritten(content, "jsonl")
    assert found == expected
    assert (counts.removed, counts.kept) == (5, 5)


def test_gzip_is_the_same_for_the_same_content():
    content = b"review_id,customer_id\nr1,CUS-0000001\nr2,CUS-0004242\n"
    packed = gzip.compress(content[:10]) + gzip.compress(content[10:])
    first, _ = rewritten(packed, "csv")
    assert gzip.decompress(first) == b"review_id,customer_id\nr1,CUS-0000001\n"
    assert rewritten(packed, "csv")[0] == first


@pytest.mark.parametrize("compression", ["snappy", "zstd", "gzip", "none"])
def test_parquet_keeps_schema_metadata_compression_and_row_groups(compression):
    schema = pa.schema(
        [
            pa.field("customer_id", pa.string()),
            pa.field("rating", pa.int32()),
            pa.field("updated_at", pa.timestamp("us", "UTC")),
        ],
        metadata={"made by": "a shop"},
    )
    ids = ["CUS-0000001", THEIRS, None, "CUS-0000002", THEIRS, "CUS-0000007"]
    rows = pa.table({"customer_id": ids, "rating": range(6), "updated_at": range(6)}, schema=schema)
    source = io.BytesIO()
    pq.write_table(rows, source, compression=compression, row_group_size=2)
    found, counts = rewritten(source.getvalue(), "parquet")
    file = pq.ParquetFile(io.BytesIO(found))
    assert file.read().column("rating").to_pylist() == [0, 2, 3]
    assert file.schema_arrow.equals(schema, check_metadata=True)
    assert file.metadata.num_row_groups == 2
    assert file.metadata.row_group(0).column(0).compression == (
        "UNCOMPRESSED" if compression == "none" else compression.upper()
    )
    assert (counts.removed, counts.kept) == (3, 3)
    assert not mentions(io.BytesIO(found), SUBJECT)


TEXTS = st.text(st.sampled_from(string.ascii_letters + string.digits + " \",'\n\r;{}é-"), max_size=12)
IDS = st.sampled_from([THEIRS, "CUS-0000007", "CUS-0000001", "CUS-0000002", "CUS-00042421"])
ROWS = st.lists(st.tuples(TEXTS, IDS, TEXTS), max_size=8)


@given(ROWS, st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_csv_without_their_rows_is_what_a_writer_makes_of_the_others(rows, ending, packed):
    def written(chosen):
        out = io.StringIO(newline="")
        writer = csv.writer(out, lineterminator=ending)
        writer.writerow(["body", "customer_id", "title"])
        writer.writerows(chosen)
        return out.getvalue().encode()

    content = written(rows)
    found, counts = rewritten(gzip.compress(content) if packed else content, "csv")
    others = [row for row in rows if row[1] not in SUBJECT.ids]
    assert (gzip.decompress(found) if packed else found) == written(others)
    assert counts.removed == len(rows) - len(others)


@given(ROWS, st.sampled_from(["\n", "\r\n", "", " "]))
def test_json_without_their_rows_is_what_a_writer_makes_of_the_others(rows, between):
    def written(chosen):
        return [json.dumps({"body": a, "customer_id": b, "title": c}) for a, b, c in chosen]

    content = "".join(row + between for row in written(rows)).encode()
    found, counts = rewritten(content, "jsonl")
    others = [row for row in rows if row[1] not in SUBJECT.ids]
    assert [json.loads(one) for one in _objects(found)] == [json.loads(one) for one in written(others)]
    assert counts.removed == len(rows) - len(others)


def _objects(content):
    decoder, text, place = json.JSONDecoder(), content.decode(), 0
    while text[place:].strip():
        place += len(text[place:]) - len(text[place:].lstrip())
        _, end = decoder.raw_decode(text, place)
        yield text[place:end]
        place = end


@given(
    st.lists(
        st.sampled_from([b"a,b\n", b'"a\n', b'b",c\n', b'"x"y,z\n', b"\n", b"  \r\n", b'"a""\n', b",\r\n", b"1"]),
        max_size=8,
    )
)
def test_the_parts_of_a_csv_file_are_the_file(lines):
    content = b"".join(lines)
    layout = CsvLayout(2)
    units = list(csv_units(io.BytesIO(content), layout))
    assert b"".join(unit for unit, _ in units) == content
    assert all(record is None or record in unit.replace(b"\r\n", b"\n") or record in unit for unit, record in units)
