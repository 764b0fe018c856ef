import gzip

import pyarrow as pa
import pytest

from localaws.crawler import discovery as crawling
from localaws.crawler import entries as crawl_entries
from localaws.crawler.classifiers import CsvFormat, columns_of, format_of
from localaws.crawler.exclusions import excluded


def tables(keys, prefix="incoming/", level=None):
    return {table.name: table for table in crawling.find_tables(keys, prefix, level)}


def test_each_folder_below_the_prefix_is_a_table():
    found = tables(["incoming/a/1.csv", "incoming/b/2.jsonl", "incoming/b/deep/3.jsonl.gz"])

    assert {name: (table.folder, table.classification) for name, table in found.items()} == {
        "a": ("incoming/a/", "csv"),
        "b": ("incoming/b/", "json"),
    }


@pytest.mark.parametrize(
    "key",
    [
        pytest.param("incoming/stray.csv", id="above the table level"),
        pytest.param("incoming/a/_tmp/1.csv", id="hidden folder"),
        pytest.param("incoming/a/.hidden.csv", id="hidden file"),
        pytest.param("incoming/a/readme.txt", id="other format"),
    ],
)
def test_files_that_are_not_data_are_ignored(key):
    assert tables([key], level=3) == {}


def test_the_table_level_counts_the_bucket_as_one():
    assert set(tables(["incoming/a/x/1.csv", "incoming/a/y/2.csv"], level=3)) == {"a"}
    assert set(tables(["incoming/a/x/1.csv", "incoming/a/y/2.csv"], level=4)) == {"x", "y"}


def test_a_second_format_in_a_folder_is_a_table_of_its_own():
    found = tables(["incoming/a/1.csv", "incoming/a/2.csv", "incoming/a/3.parquet"])

    assert {name: table.classification for name, table in found.items()} == {"a": "csv", "a_parquet": "parquet"}


def test_folders_below_a_table_are_partitions():
    found = tables(["incoming/a/day=1/x/1.csv", "incoming/a/day=2/x/2.csv"])["a"]

    assert found.partition_keys == ["day", "partition_1"]
    assert found.partitions == {("1", "x"): "incoming/a/day=1/x/", ("2", "x"): "incoming/a/day=2/x/"}


def test_files_at_different_depths_have_no_partitions():
    found = tables(["incoming/a/1.csv", "incoming/a/day=2/2.csv"])["a"]

    assert (found.partition_keys, found.partitions) == ([], {})


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["1", "", "-20"], "bigint"),
        (["1", "2.5"], "double"),
        (["1", "x"], "string"),
        (["", ""], "string"),
        (["2026-01-01"], "string"),
    ],
)
def test_a_column_of_texts_has_the_narrowest_type_that_holds_them_all(values, expected):
    assert crawling.text_type(values) == expected


def test_csv_columns_come_from_header_and_rows_whatever_the_delimiter_and_byte_order_mark():
    head = '\ufeffId;Name;Price\n1;"a;b";2.5\n2;ü;3\ncut'.encode()

    assert crawling.csv_columns(head) == {"id": "bigint", "name": "string", "price": "double"}
    assert crawling.delimiter_of(head) == ";"


LONG = b"x" * 200_000


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"id,name\n1,a\nno number," + LONG, {"id": "bigint", "name": "string"}),
        (b'id,name\n1,a\n2,"' + LONG, {"id": "bigint", "name": "string"}),
        (LONG, {}),
    ],
    ids=["a long text", "a quote that never ends", "in the first line"],
)
def test_the_columns_of_a_csv_come_from_the_lines_before_one_that_is_invalid(head, expected):
    assert crawling.csv_columns(head) == expected


def test_json_columns_are_the_members_of_all_lines():
    head = b'{"a": 1, "b": null}\n{"a": 1.5, "c": {"d": [true]}}\n{"cut'

    assert crawling.json_columns(head) == {"a": "double", "b": "string", "c": "struct<d:array<boolean>>"}


def test_parquet_columns_are_the_files_own():
    schema = pa.schema({"Id": pa.int64(), "price": pa.decimal128(12, 2), "at": pa.timestamp("us", "UTC")})

    assert crawling.parquet_columns(schema) == {"id": "bigint", "price": "decimal(12,2)", "at": "timestamp"}


def test_the_beginning_of_a_gzip_file_can_be_read():
    whole = gzip.compress(b"a,b\n" * 10_000)

    assert crawling.decompressed(whole[: len(whole) // 2]).startswith(b"a,b\n")
    assert crawling.decompressed(b"plain") == b"plain"
    assert crawling.decompressed(b"\x1f\x8bgarbage") == b""


def test_columns_of_files_that_differ_are_joined():
    assert crawling.merge({"a": "bigint", "b": "string"}, {"a": "double", "b": "bigint", "c": ""}) == {
        "a": "double",
        "b": "string",
        "c": "",
    }


@pytest.mark.parametrize(
    ("pattern", "path", "out"),
    [
        pytest.param("replay/**", "replay/a/b.jsonl", True, id="everything below a folder"),
        pytest.param("replay/**", "replays/a.jsonl", False, id="another folder"),
        pytest.param("*.csv", "a.csv", True, id="a name"),
        pytest.param("*.csv", "day=1/a.csv", False, id="one star stays in its folder"),
        pytest.param("**.csv", "day=1/a.csv", True, id="two stars do not"),
        pytest.param("day=?/a.{csv,json}", "day=1/a.json", True, id="alternatives"),
        pytest.param("[!a]*", "b.csv", True, id="not a letter"),
        pytest.param(r"\*.csv", "a.csv", False, id="an escaped star is a star"),
        pytest.param("a,b.csv", "a,b.csv", True, id="a comma outside braces"),
    ],
)
def test_exclude_patterns_are_globs_below_the_target(pattern, path, out):
    assert excluded(path, [pattern]) is out


@pytest.mark.parametrize(
    ("stored", "of_others"),
    [
        pytest.param(None, False, id="there is none"),
        pytest.param({"StorageDescriptor": {"Location": "s3://b/incoming/a"}}, False, id="the same folder"),
        pytest.param({"StorageDescriptor": {"Location": "s3://b/elsewhere/a/"}}, True, id="another folder"),
        pytest.param(
            {"Parameters": {"table_type": "ICEBERG"}, "StorageDescriptor": {"Location": "s3://b/incoming/a/"}},
            True,
            id="Iceberg",
        ),
    ],
)
def test_a_crawler_changes_only_its_own_tables(stored, of_others):
    found = {"Name": "a", "StorageDescriptor": {"Location": "s3://b/incoming/a/"}}

    assert crawl_entries.must_not_be_changed(stored, found) is of_others
    assert crawl_entries.name_with_hash(found).startswith("a_")


QUOTED = {"Name": "csv", "ContainsHeader": "PRESENT", "Delimiter": ",", "QuoteSymbol": '"', "Serde": "OpenCSVSerDe"}


@pytest.mark.parametrize(
    ("head", "classifier", "form"),
    [
        (b"id,text\n1,x\n", QUOTED, CsvFormat(",", '"')),
        (b"id;text;x, more\n1;x;y\n", QUOTED, CsvFormat(";")),
        (b"id;text\n1;x\n", QUOTED | {"Delimiter": ";"}, CsvFormat(";", '"')),
        (b"id\n1\n", QUOTED, CsvFormat(",")),
        (b"id\n1\n", QUOTED | {"AllowSingleColumn": True}, CsvFormat(",", '"')),
        (b"id,text\n1,x\n", QUOTED | {"ContainsHeader": "ABSENT"}, CsvFormat(",")),
        (b"id,text\n1,x\n", QUOTED | {"Serde": "LazySimpleSerDe"}, CsvFormat(",")),
    ],
    ids=["its delimiter", "another", "its semicolon", "one column", "one column allowed", "no header", "lazy"],
)
def test_a_custom_classifier_says_how_the_csv_is_read_that_it_recognises(head, classifier, form):
    assert format_of(head, [classifier]) == form
    assert set(columns_of(head, form).values()) <= ({"string"} if form.quote else {"string", "bigint"})
