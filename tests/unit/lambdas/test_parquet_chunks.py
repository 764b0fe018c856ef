"""What a Parquet footer says of its column chunks, against Arrow's own reader, and damaged footers."""

import io
import random
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lambdas.file_validator.content.parquet_chunks import DamagedFooterError, chunks_of

COLUMNS = {
    "text": ["a", "b", None],
    "number": [1, 2, 3],
    "ratio": [0.5, 1.5, 2.5],
    "moment": [datetime(2026, 1, 1, tzinfo=UTC)] * 3,
    "several": [[1], [], [2, 3]],
}


def written(**options):
    target = io.BytesIO()
    pq.write_table(pa.table(COLUMNS), target, **options)
    return target.getvalue()


def parts(content):
    """The footer of a file, and where it begins."""
    end = len(content) - 8
    start = end - int.from_bytes(content[end : end + 4], "little")
    return content[start:end], start


@pytest.mark.parametrize("codec", ["none", "snappy", "gzip", "brotli", "lz4", "zstd"])
@pytest.mark.parametrize("group", [1, 100])
def test_it_says_what_arrow_says(codec, group):
    content = written(compression=codec, row_group_size=group)
    arrow = pq.ParquetFile(io.BytesIO(content)).metadata
    groups = [arrow.row_group(number) for number in range(arrow.num_row_groups)]
    chunks = [one.column(number) for one in groups for number in range(arrow.num_columns)]

    found = chunks_of(*parts(content))

    assert found.rows == arrow.num_rows == 3
    assert found.expanded_size == sum(one.total_byte_size for one in groups)
    assert {name.removesuffix("_RAW") for name in found.codecs} == {one.compression for one in chunks}
    assert found.encodings == {(one.physical_type, name) for one in chunks for name in one.encodings}
    assert not found.encrypted


def test_encodings_are_named_with_their_type():
    content = written(use_dictionary=False, column_encoding={"number": "BYTE_STREAM_SPLIT", "text": "DELTA_BYTE_ARRAY"})

    found = chunks_of(*parts(content)).encodings

    assert {("INT64", "BYTE_STREAM_SPLIT"), ("BYTE_ARRAY", "DELTA_BYTE_ARRAY")} <= found


def test_data_that_would_lie_outside_are_damage():
    footer, start = parts(written())

    with pytest.raises(DamagedFooterError, match="a column chunk would lie at bytes"):
        chunks_of(footer, start - 1)


def test_every_damage_is_an_error_of_one_kind_or_a_footer():
    footer, start = parts(written())
    chosen, damaged = random.Random(1), 0
    for _ in range(3000):
        changed = bytearray(footer[: chosen.choice([len(footer), chosen.randrange(len(footer))])])
        for _ in range(chosen.randint(0, 3) if changed else 0):
            changed[chosen.randrange(len(changed))] = chosen.randrange(256)
        try:
            found = chunks_of(bytes(changed), start)
        except DamagedFooterError:
            damaged += 1
        else:
            assert found.rows >= 0
    assert damaged > 1000


@pytest.mark.parametrize(
    ("footer", "message"),
    [
        (b"", "incomplete"),
        (b"\x00", "incomplete"),
        (b"\x1c" * 100, "too deep"),
        (b"\x19\xfc\xff\xff\xff\x0f", "longer than itself"),
        (b"\x18\xff\xff\xff\x0f", "longer than itself"),
        (b"\x16" + b"\xff" * 20, "more than 64 bits"),
        (b"\x1e\x00", "does not exist"),
    ],
)
def test_nonsense_is_named(footer, message):
    with pytest.raises(DamagedFooterError, match=message):
        chunks_of(footer, 100)
