"""Keys of objects are keys: characters that stand for others in patterns, URLs or paths stand for themselves."""

import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

pytestmark = pytest.mark.integration

# In pairs of which the first, read as a pattern or URL, is or includes the second.
NAMES = [
    "a*", "ab", "orders [1]", "orders 1", "q?x", "qyx", "{a,b}", "c%41", "cA", "c+d", "c d", "e&f=g#h", "ü'q", "x//y",
    "**", "**/z", "t\tt", "s;s", 'q"q', "a\\b", "a/b", "[!a]", "[a-c]", "?", "*", "%", "%2A", "a=b", "$x", "@1",
    "~", "|",
]  # fmt: skip


def parquet(number):
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"i": pa.array([number], pa.int32())}), sink)
    return sink.getvalue().to_pybytes()


FORMATS = {
    "csv": ("ROW FORMAT DELIMITED FIELDS TERMINATED BY ','", lambda n: f"{n}\n".encode()),
    "csv.gz": ("ROW FORMAT DELIMITED FIELDS TERMINATED BY ','", lambda n: gzip.compress(f"{n}\n".encode())),
    "json": ("ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'", lambda n: json.dumps({"i": n}).encode()),
    "parquet": ("STORED AS PARQUET", parquet),
}


@pytest.mark.parametrize("form", FORMATS)
def test_every_object_is_read_once_whatever_its_key(lake, form):
    clause, content = FORMATS[form]
    for number, name in enumerate(NAMES):
        lake.put(f"raw/{name}.{form}", content(number))
    lake.run(f"CREATE EXTERNAL TABLE raw (i int) {clause} LOCATION 's3://{lake.bucket}/raw/'")

    found = lake.rows('SELECT i, "$path" FROM raw ORDER BY i')

    assert [int(number) for number, _ in found] == list(range(len(NAMES)))
    assert [path for _, path in found] == [f"s3://{lake.bucket}/raw/{name}.{form}" for name in NAMES]


VALUES = [*NAMES, "ab", "", "a:b", "a^b", "\x01", "C:\\x"]


@pytest.mark.parametrize(
    "options", ["format = 'PARQUET'", "format = 'JSON'", "format = 'TEXTFILE', field_delimiter = ','"]
)
def test_partitions_of_any_value_are_written_read_listed_and_found_again(lake, options):
    values = sorted({value for value in VALUES if value})
    listed = ", ".join(f"({n}, '{value.replace(chr(39), chr(39) * 2)}')" for n, value in enumerate(values))

    lake.run(
        f"CREATE TABLE p WITH ({options}, partitioned_by = ARRAY['k']) AS SELECT * FROM (VALUES {listed}) t (n, k)"
    )

    expected = [(str(n), value) for n, value in enumerate(values)]
    assert lake.rows("SELECT n, k FROM p ORDER BY n") == expected
    assert lake.rows("SELECT n FROM p WHERE k = 'a*'") == [(str(values.index("a*")),)]
    names = [name for (name,) in lake.rows("SHOW PARTITIONS p")]
    assert len(names) == len(values)
    assert {"k=a%2A", "k=a%2Fb", "k=a%3Db", "k=c d", "k=%25"} <= set(names)
    lake.run("ALTER TABLE p DROP PARTITION (k = 'a*')")
    lake.run("MSCK REPAIR TABLE p")
    assert lake.rows("SELECT n, k FROM p ORDER BY n") == expected


def test_iceberg_partitions_of_any_value_are_read_back(lake):
    listed = ", ".join(f"({n}, '{value.replace(chr(39), chr(39) * 2)}')" for n, value in enumerate(NAMES))
    lake.create("t", "n int, k string", "k")

    lake.run(f"INSERT INTO t VALUES {listed}")
    lake.run("DELETE FROM t WHERE k = 'ab'")

    expected = [(str(n), value) for n, value in enumerate(NAMES) if value != "ab"]
    assert lake.rows("SELECT n, k FROM t ORDER BY n") == expected
