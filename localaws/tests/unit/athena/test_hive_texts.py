"""Text tables as Hive's SerDes read them."""

import datetime as dt
import math

import pytest

from localaws.athena.catalog import hive_texts
from localaws.athena.catalog.text_layout import TextLayout
from localaws.athena.hive_types import from_hive

LAZY, OPEN = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe", "org.apache.hadoop.hive.serde2.OpenCSVSerde"


@pytest.fixture
def read(instance, tmp_path):
    def read_text(text, kinds, serde=LAZY, parameters=None, skip=0):
        file = tmp_path / "a.txt"
        file.write_text(text, encoding="utf-8", newline="")
        table = {
            "StorageDescriptor": {"SerdeInfo": {"SerializationLibrary": serde, "Parameters": parameters or {}}},
            "Parameters": {"skip.header.line.count": str(skip)},
        }
        columns = tuple((f"c{i}", from_hive(kind)) for i, kind in enumerate(kinds))
        cells, reader = hive_texts.cells_and_reader(table, columns, f"['{file}']", "__path")
        return instance.execute(f"SELECT {', '.join(cells)} FROM {reader}").fetchall()

    return read_text


TAB = {"field.delim": "\t"}


@pytest.mark.parametrize(
    ("text", "kinds", "rows"),
    [
        ("1\t2\n1\n\n", ["int", "int"], [(1, 2), (1, None), (None, None)]),
        ("1\n\n3\n", ["int"], [(1,), (None,), (3,)]),
        ("1\n", ["string", "string"], [("1", None)]),
        ("\n", ["string", "string"], [("", None)]),
        ("a\tb\tc\n", ["string", "string"], [("a", "b")]),
        ("a\t\\N\n", ["string", "string"], [("a", None)]),
        ("yes\n1\nt\nTRUE\nfalse\n", ["boolean"], [(None,), (None,), (None,), (True,), (False,)]),
        ("12.7\n0x10\n1_0\n-5\n9999999999\n 7\n", ["int"], [(12,), (None,), (None,), (-5,), (None,), (None,)]),
        ("1_000.0\n1e3\n", ["double"], [(None,), (1000.0,)]),
        ("2024-01-05 10:00:00\n2024-01-05T10:00:00Z\nx\n", ["string"], [
            ("2024-01-05 10:00:00",), ("2024-01-05T10:00:00Z",), ("x",),
        ]),
        ('"q\t1\n', ["string", "string"], [('"q', "1")]),
        ("", ["string"], []),
    ],
)  # fmt: skip
def test_fields_of_lazy_simple_serde(read, text, kinds, rows):
    assert read(text, kinds, parameters=TAB) == rows


def test_lines_of_windows_and_headers(read):
    assert read("h\tg\r\n1\t2\r\n", ["int", "int"], parameters=TAB, skip=1) == [(1, 2)]


def test_arrays_maps_and_structs(read):
    text = "x\x02y\x01k\x031\x02j\x032\x01p\x02q\n\x01\x01\n"

    assert read(text, ["array<string>", "map<string,int>", "struct<a:string,b:string>"]) == [
        (["x", "y"], {"k": 1, "j": 2}, {"a": "p", "b": "q"}),
        ([], {}, {"a": "", "b": None}),
    ]


def test_escaped_delimiters(read):
    parameters = {"field.delim": ",", "escape.delim": "\\"}

    assert read("a\\,b,c\n", ["string", "string"], parameters=parameters) == [("a,b", "c")]
    assert read("\\N,a\\\\N\n", ["string", "string"], parameters=parameters) == [(None, "a\\N")]
    assert read("a\\\x02b\x02c,1\n", ["array<string>", "int"], parameters=parameters) == [(["a\x02b", "c"], 1)]


NESTED = [
    ("array<string>", "['a', NULL, '', 'b,c']", ["a", None, "", "b,c"]),
    ("array<array<int>>", "[[1, NULL], [], NULL]", [[1, None], [], None]),
    ("array<int>", "NULL", None),
    ("array<double>", "['inf'::DOUBLE, '-inf'::DOUBLE, 0.5]", [math.inf, -math.inf, 0.5]),
    ("map<string,array<int>>", "MAP {'k': [1, 2], 'j': NULL}", {"k": [1, 2], "j": None}),
    ("struct<a:int,b:array<string>>", "{'a': NULL, 'b': ['x']}", {"a": None, "b": ["x"]}),
    ("array<struct<a:string,b:boolean>>", "[{'a': 'x', 'b': true}, NULL]", [{"a": "x", "b": True}, None]),
    ("timestamp", "TIMESTAMP '2024-01-02 03:04:05.678'", dt.datetime(2024, 1, 2, 3, 4, 5, 678000)),  # noqa: DTZ001 -- a local time
    ("binary", "'\\x00\\xFF'::BLOB", b"\x00\xff"),
]


@pytest.mark.parametrize("null", ["\\N", "NULL"])
@pytest.mark.parametrize(("kind", "value", "expected"), NESTED, ids=[f"{kind} {value}" for kind, value, _ in NESTED])
def test_what_is_written_to_a_text_table_is_read_again(instance, read, kind, value, expected, null):
    parameters = {"field.delim": "\t", "serialization.null.format": null}
    layout, stored = TextLayout.of(parameters), from_hive(kind)
    written = layout.text_of(f"CAST({value} AS {stored.duckdb})", stored)
    [(text,)] = instance.execute(f"SELECT coalesce({written}, '{null}')").fetchall()

    assert read(f"{text}\n", [kind], parameters=parameters) == [(expected,)]


def test_what_is_written_with_escapes_is_read_again(instance, read):
    parameters = {"field.delim": ",", "escape.delim": "\\", "collection.delim": "|"}
    written = TextLayout.of(parameters).text_of("['a,b', 'c|d', 'e\\f']", from_hive("array<string>"))
    [(text,)] = instance.execute(f"SELECT {written}").fetchall()

    assert text == "a\\,b|c\\|d|e\\\\f"
    assert read(f"{text}\n", ["array<string>"], parameters=parameters) == [(["a,b", "c|d", "e\\f"],)]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ('"x"\n', [("x", None)]),
        ('"a,b","say ""hi"""\n', [("a,b", 'say "hi"')]),
        ('"a\\"b",c\n', [('a"b', "c")]),
        (",\n", [("", "")]),
        ("\n", [("", None)]),
    ],
)
def test_fields_of_open_csv_serde(read, text, rows):
    assert read(text, ["string", "string"], OPEN) == rows


def test_nan_of_a_double(read):
    assert math.isnan(read("NaN\n", ["double"], parameters=TAB)[0][0])
