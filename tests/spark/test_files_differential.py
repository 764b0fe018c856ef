"""The same files read by Spark and by DuckDB: the same texts, the same malformed rows, the same values."""

import io
import random
import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cartlake import contracts
from cartlake.errors import TerminalError
from glue_jobs.engines.spark.reading import read_files
from lambdas.file_validator.content.line_records import LineRecords
from tests.spark.both_readers import agreed, names_of

pytestmark = pytest.mark.spark

EXPONENT = re.compile(r"[-+]?[0-9.]+E[-+]?[0-9]+")
VENDORS, PRODUCTS, RATES = (contracts.load(name) for name in ("vendors", "products", "fx_rates"))
GOOD = {
    "vendor_id": "VEN-9001",
    "vendor_name": "Alpine Goods",
    "country_code": "AT",
    "contact_email": "o@example.com",
    "lead_time_days": "7",
    "is_active": "true",
    "updated_at": "2026-11-20T08:00:00Z",
}
SHOES = {
    "category": "shoes",
    "brand": "Northway",
    "vendor_id": "VEN-0001",
    "list_price": "89.00",
    "unit_cost": "41.50",
    "stock_quantity": "12",
    "is_active": "true",
    "launched_on": "2025-03-01",
    "updated_at": "2026-11-20T08:00:00Z",
}


def is_by_line(content):
    lines = LineRecords(",", '"')
    lines.feed(content)
    return lines.finish()


def raw_of(rows, file):
    """{first column: other columns that matter} of the rows of one file; malformed ones by their text."""
    return [row[:-1] for row in rows if row[-1] == file.uri]


CELLS = [
    "",
    '""',
    "x",
    '"a,b"',
    '"a\nb"',
    '"\n\n"',
    'a"b',
    '"a""b"',
    '"""a"""',
    '"a"b',
    '"open',
    "é ",
    " ",
    "a\rb",
    '"a\rb"',
    '"\r\n"',
    "\t",
]
LINES = ["", " ", "\t ", ",,,,,,", '"', '""', "x", "a,b,c,d,e,f,g,h", '"a","b","c","d","e","f","g"']


def dirty_csv(seed):
    """A file of records, lines and cells of which some are not as they should be."""
    chosen = random.Random(seed)
    cells = chosen.choice([CELLS, CELLS[:4], ["x", '"y"', '"a""b"', '"""a"""', '""', ""]])
    end = chosen.choice(["\n", "\r\n"])
    lines = [",".join(names_of(VENDORS))]
    for _ in range(chosen.randint(1, 30)):
        width = 7 if chosen.random() < 0.9 else chosen.randint(1, 9)
        lines.append(chosen.choice(LINES) if chosen.random() < 0.1 else ",".join(chosen.choices(cells, k=width)))
    return (chosen.choice(["", "\ufeff"]) + end.join(lines) + chosen.choice(["", end])).encode()


def test_dirty_csv_files_are_read_alike(read):
    contents = [dirty_csv(seed) for seed in range(60)]
    assert {is_by_line(content) for content in contents} == {True, False}
    files = [
        read.dropped(VENDORS, f"{number}-{known}.csv", content, line_is_record=is_by_line(content) if known else None)
        for number, content in enumerate(contents)
        for known in (True, False)
    ]

    rows = agreed(read.rows(VENDORS, files))

    assert len(rows) > 1000
    for told, careful in zip(files[::2], files[1::2], strict=True):
        assert raw_of(rows, told) == raw_of(rows, careful)


def product(name, number="1", **changes):
    return ",".join([f"PRD-9000{number}", *(SHOES | changes).values(), name])


def test_line_breaks_and_open_quotes_in_the_last_column(read):
    """https://github.com/databricks/spark-csv/issues/175"""
    header = ["product_id", *SHOES, "product_name"]
    lines = [
        product('"Trail Shoe\nwomen, red"'),
        product("Road Shoe", "2"),
        product('"A\rB"', "3"),
        product("C\rD", "4"),
        product('"Open', "5"),
    ]
    content = "\n".join([",".join(header), *lines]).encode() + b"\n"
    file = read.dropped(PRODUCTS, "names.csv", content, header=header, line_is_record=False)

    rows = agreed(read.rows(PRODUCTS, [file]))

    place = names_of(PRODUCTS).index("product_name")
    assert {row[place] for row in rows} == {"Trail Shoe\nwomen, red", "Road Shoe", "A\rB", "C\rD", None}
    assert [row[-2] for row in rows if row[-2]] == [product('"Open', "5")]


def vendor_line(**changes):
    pairs = (
        {name: f'"{value}"' for name, value in GOOD.items()} | {"lead_time_days": "7", "is_active": "true"} | changes
    )
    return "{" + ", ".join(f'"{name}": {value}' for name, value in pairs.items()) + "}"


MALFORMED_LINES = [
    vendor_line() + "," + vendor_line(),
    vendor_line() + ", trailing words",
    vendor_line() + ",",
    vendor_line(vendor_name="NaN"),
    vendor_line(lead_time_days="Infinity"),
    vendor_line(lead_time_days="07"),
    vendor_line(lead_time_days="1."),
    vendor_line(vendor_name='{"en": "Alpine"}'),
    vendor_line(vendor_name='["a", "b"]'),
    vendor_line(lead_time_days="[7]"),
    vendor_line(Vendor_Name='"x"'),
    vendor_line()[:-1] + ', "lead_time_days": 99}',
    vendor_line(vendor_name=r'"\ud83d"'),
    vendor_line(vendor_name=r'"\udc5f"'),
    vendor_line(vendor_name=r'"\x"'),
    vendor_line(vendor_name='"a\tb"'),
    vendor_line(vendor_name='"a\rb"'),
    vendor_line().replace('"', "'"),
    "\ufeff" + vendor_line(),
    vendor_line()[:-1] + ",}",
    vendor_line() + r"\}",
    vendor_line().replace(": 7", r": \n7"),
    "[]",
    "[" + vendor_line() + "]",
    "null",
    "7",
    '"text"',
    "{",
    vendor_line()[:-1],
    '{"vendor_id" "x"}',
    "x\x07",
    "\x06x\x06",
]
ROWS = [
    (vendor_line(), {}),
    ("  " + vendor_line() + " \t\r", {}),
    ("{}", dict.fromkeys(GOOD)),
    ('{"vendor_id":"x"}', dict.fromkeys(GOOD) | {"vendor_id": "x"}),
    (vendor_line(vendor_name="12345678901234567890123"), {"vendor_name": "12345678901234567890123"}),
    (vendor_line(vendor_name="1.10"), {"vendor_name": "1.10"}),
    (vendor_line(vendor_name="-0.0e-400"), {"vendor_name": "-0.0e-400"}),
    (vendor_line(lead_time_days="7.0"), {"lead_time_days": "7.0"}),
    (vendor_line(lead_time_days="1E2"), {"lead_time_days": "1E2"}),
    (vendor_line(lead_time_days="null"), {"lead_time_days": None}),
    (vendor_line(is_active="1"), {"is_active": "1"}),
    (vendor_line(vendor_name='""'), {"vendor_name": ""}),
    (vendor_line(vendor_name=r'"\ud83d\udc5f \\\"\/\b\f\n\r\t\u00e9"'), {"vendor_name": '👟 \\"/\b\f\n\r\té'}),
    (vendor_line(vendor_name=r'"a\": 5, \"b\": 6"'), {"vendor_name": 'a": 5, "b": 6'}),
    (vendor_line(vendor_name='": 5,"'), {"vendor_name": ": 5,"}),
    (vendor_line(vendor_name=r'"with \u0000 nul"'), {"vendor_name": "with \0 nul"}),
    (vendor_line(vendor_name='"a\x7fb"'), {"vendor_name": "a\x7fb"}),
    (vendor_line(_quarantine_row_id='"1"'), {}),
    (vendor_line().replace(", ", ",\r"), {}),
]


def test_one_line_of_json_is_one_object_all_of_it(read):
    content = "\n".join([ROWS[0][0], "", " \r", *MALFORMED_LINES, *(line for line, _ in ROWS[1:])]).encode()
    file = read.dropped(VENDORS, "lines.jsonl", content, kind="jsonl", header=[])
    long = read.dropped(
        VENDORS,
        "long.jsonl",
        (vendor_line(vendor_name='"' + r"\n" * 200_000 + '"') + "\n").encode(),
        kind="jsonl",
        header=[],
    )

    rows = agreed(read.rows(VENDORS, [file, long]))

    of_file = raw_of(rows, file)
    assert sorted(row[-1] for row in of_file if row[-1]) == sorted(MALFORMED_LINES)
    expected = [(*(GOOD | changes).values(), None) for _, changes in ROWS]
    assert sorted((row for row in of_file if not row[-1]), key=repr) == sorted(expected, key=repr)
    assert [row[1] for row in raw_of(rows, long)] == ["\n" * 200_000]


def test_objects_without_line_breaks_between_them_are_rows(read):
    """https://github.com/awslabs/amazon-kinesis-agent/issues/57; a bad one takes no other with it."""
    lines = [
        "".join(line.strip() for line, _ in ROWS),
        vendor_line() + " \t" + vendor_line() + "\r" + vendor_line(vendor_name="NaN") + vendor_line() + "\r",
        vendor_line() + vendor_line()[:-9] + vendor_line() + ", trailing words",
        vendor_line(vendor_name='"}{"') + vendor_line(vendor_name='"cut') + vendor_line(),
    ]
    bad = [
        vendor_line(vendor_name="NaN"),
        vendor_line()[:-9] + vendor_line() + ", trailing words",
        vendor_line(vendor_name='"cut'),
    ]
    file = read.dropped(VENDORS, "firehose.json", "\n".join(lines).encode(), kind="jsonl", header=[])

    rows = agreed(read.rows(VENDORS, [file]))

    assert sorted(row[-2] for row in rows if row[-2]) == sorted(bad)
    expected = [(GOOD | changes).values() for _, changes in ROWS] + [GOOD.values()] * 5
    expected += [(GOOD | {"vendor_name": "}{"}).values()]
    assert sorted((row[:-2] for row in rows if not row[-2]), key=repr) == sorted(map(tuple, expected), key=repr)


def dirty_line(seed):
    """A line of JSON of which a few characters are changed."""
    chosen = random.Random(seed)
    line = list(chosen.choice(ROWS)[0].replace("\n", ""))
    for _ in range(chosen.randint(0, 3)):
        line[chosen.randrange(len(line))] = chosen.choice(
            ['"', "\\", ",", ":", "{", "}", "1", " ", "e", ".", "-", "é", "n", ""]
        )
    return "".join(line)


def test_dirty_json_lines_are_read_alike(read):
    ends = random.Random(1).choices(["\n", "\r\n", " ", ""], weights=[9, 1, 1, 1], k=3000)
    content = "".join(dirty_line(seed) + end for seed, end in enumerate(ends)).encode()
    file = read.dropped(VENDORS, "dirty.jsonl", content, kind="jsonl", header=[])

    rows = agreed(read.rows(VENDORS, [file]))

    assert 500 < sum(row[-2] is not None for row in rows) < 2700


STAMPS = """2026-11-20 09:50:26 +0200|2026-11-20T08:15|2026-11-20 08:15:00 UTC
2026-11-20T08:15:00.123456789Z|epoch|infinity|2026-11-20T08:15:00.123456000Z
2026-11-20 08:15:00 PM|2026-11-20 24:00:00|2026-11-20T23:59:60Z|2026-07-01 12:00:00 BST|now
2026-07-01 12:00:00 CST|2026-03-29 02:30:00 Europe/Berlin|1764230400000
2026-11-20T08:15:00+14:30|2026-11-20T08:15:00z|today|2026-11-20T08:15:00,5Z|2026-11-20 8:15
2026-11-20T08:15:00 GMT+1|0001-01-01T00:00:00Z|9999-12-31T23:59:59Z|0000-01-01
2026-11-20T081500Z|2026-11-20T|2026-3-1| 2026-11-20 08:15 |0001-01-01 00:00+01
9999-12-31T23:59:59.999999-01:00|2026-02-30|2026-11-20 08:15:00 trailing
2026-11-20T08:15:00+0200|2026-11-20T08:15:00-02|2026-11-20 08:15:00.5GMT|1500-02-29|-2026-01-01
2026-11-20T08:15:00+19:00|2026-11-20 08:15:00ZZ|20261120|2026-11-20T08:15:00 z
1899-12-31 23:59:59|1900-02-29|2024-02-29"""
NUMBERS = """7|7.5|7.500|1.234E7|7.505|1_0|NaN|.|.5|5.|+|+7|-7| 7 |1E-999999999|1E999999999|1e-20
19.990000000000002|0x1p3|0x10|1.5E-1|1.55E-2|9e9|12345678901.00|-0.00000000001|1e+3|007
9999999999|2147483648|-2147483648|Infinity|inf|1e39|99999999999999999999999999999
5.0000000000499|1.085600000000000031|7,5|7 5|1d|1f|1L|0.00000001|1E-8|1.0E-8|1.5E-9|0E-8|\u0667
7\u00a0|--7|1e|e1|1.7976931348623157E308"""
WORDS = "true|TRUE|t|yes|y|1|false|f|no|N|0|on|off|2|truee| true |tru|null|1.0|TrUe"


def test_texts_are_values_only_when_all_of_them_are(read):
    stamps, numbers, words = (text.replace("\n", "|").split("|") for text in (STAMPS, NUMBERS, WORDS))
    lines = [
        ",".join(["PRD", "x", *(SHOES | changes).values()])
        for changes in (
            [{"updated_at": text.replace(",", ";"), "launched_on": text.replace(",", ";")} for text in stamps]
            + [
                {"list_price": f'"{text}"', "unit_cost": f'"{text}0"', "stock_quantity": f'"{text}"'}
                for text in numbers
            ]
            + [{"is_active": text} for text in words]
            + [
                {
                    "stock_quantity": '"7\n"',
                    "list_price": '"7\n"',
                    "launched_on": '"2026-01-01\n"',
                    "is_active": '"1\n"',
                }
            ]
            + [{"updated_at": '"2026-01-01\n"'}, {"updated_at": '"2026-01-01 00:00:00Z\n"'}]
        )
    ]
    header = ["product_id", "product_name", *SHOES]
    rates = [f"2026-01-05,USD,{text.replace(',', ';')},2026-01-05T15:00:00Z" for text in numbers]
    products = read.dropped(PRODUCTS, "values.csv", "\n".join([",".join(header), *lines]).encode(), header=header)
    rate_header = ["rate_date", "currency", "rate", "updated_at"]
    of_rates = read.dropped(
        RATES, "values.csv", "\n".join([",".join(rate_header), *rates]).encode(), header=rate_header
    )

    values = agreed(read.values(PRODUCTS, [products]))
    agreed(read.values(RATES, [of_rates]))

    columns = [column.name for column in PRODUCTS.table.file_columns if column.type != "string"]
    found = {name: {row[columns.index(name)] for row in values} for name in columns}
    assert found["is_active"] == {"true", "false", None}
    assert {"0.15", "0.50", "5.00", "12340000.00", "1000.00"} <= found["list_price"]
    assert not found["list_price"] & {"19.99", "0.02", "1.09"}
    assert str(micros(2026, 11, 20, 7, 50, 26)) in found["updated_at"]
    assert str(micros(2026, 7, 1, 6)) not in found["updated_at"]


def micros(*parts):
    return int((datetime(*parts, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()) * 10**6


def parquet(columns, **options):
    target = io.BytesIO()
    pq.write_table(pa.table(columns), target, **options)
    return target.getvalue()


def moments(unit, zone):
    texts = [
        "2026-11-20T08:15:00",
        "2026-11-20T08:15:00.120",
        "1969-12-31T23:59:59.999",
        "1500-02-28",
        "9999-12-31T23:59:59",
    ]
    moments = [datetime.fromisoformat(text) for text in texts]
    return pa.array([*moments, None], pa.timestamp(unit, zone))


PARQUETS = [
    (VENDORS, {"updated_at": moments("us", "UTC")}, {"compression": "zstd"}),
    (VENDORS, {"updated_at": moments("us", None)}, {"compression": "gzip"}),
    (VENDORS, {"updated_at": moments("ms", "Europe/Berlin")}, {"compression": "lz4"}),
    (VENDORS, {"updated_at": moments("us", None)}, {"use_deprecated_int96_timestamps": True}),
    (
        VENDORS,
        {"lead_time_days": pa.array([1, None, 4294967295], pa.uint32()), "is_active": pa.array([True, False, None])},
        {},
    ),
    (VENDORS, {"vendor_name": pa.array(["é\n", "", None]).dictionary_encode()}, {"compression": "none"}),
    (PRODUCTS, {"launched_on": pa.array([date(1, 1, 1), date(1582, 10, 10), date(9999, 12, 31), None])}, {}),
    (PRODUCTS, {"list_price": pa.array([Decimal("0.00"), Decimal("-0.05"), None], pa.decimal128(12, 2))}, {}),
    (
        RATES,
        {"rate": pa.array(map(Decimal, ["0", "0.00000001", "-0.00000012", "1.08561234"]), pa.decimal128(18, 8))},
        {},
    ),
    (VENDORS, {"vendor_name": pa.array([float(f"{m}e{e}") for m in (0, 1, -1.5, 12.25) for e in range(-20, 22)])}, {}),
    (VENDORS, {"vendor_name": pa.array([float("nan"), float("inf"), float("-inf"), -0.0, None])}, {}),
]


@pytest.mark.parametrize("number", range(len(PARQUETS)))
def test_parquet_values_have_the_same_texts(read, number):
    contract, columns, options = PARQUETS[number]
    file = read.dropped(
        contract, f"{number}.parquet", parquet(columns, **options), kind="parquet", header=list(columns)
    )

    assert len(agreed(read.rows(contract, [file]))) == len(next(iter(columns.values())))


def test_a_nested_column_is_refused_by_name(read):
    file = read.dropped(
        VENDORS, "nested.parquet", parquet({"vendor_name": [["a"]]}), kind="parquet", header=["vendor_name"]
    )

    for reader in (read_files_on(read.spark), lambda *args: read.on_duckdb(*args, "from raw")):
        with pytest.raises(TerminalError, match=r"nested\.parquet.*vendor_name"):
            reader(VENDORS, [file])


def read_files_on(spark):
    return lambda contract, files: read_files(spark, files, contract)


@pytest.mark.parametrize(
    ("name", "content", "layout"),
    [
        ("cut.parquet", parquet({"vendor_name": ["a"]})[:-20], {"kind": "parquet"}),
        ("cut.csv.gz", b"\x1f\x8b\x08\0", {"compression": "gzip"}),
        ("text.csv.gz", b"vendor_id\nx\n", {"compression": "gzip"}),
    ],
)
def test_a_damaged_file_is_named(read, name, content, layout):
    file = read.dropped(VENDORS, name, content, **layout)

    with pytest.raises(TerminalError, match=name):
        read.on_duckdb(VENDORS, [file], "from raw")


def test_names_of_files_are_taken_literally(read):
    names = ["a [1].csv", "a 1.csv", "a*.csv", "a%20b.csv", "ü?.csv", "{x,y}.csv", "a+b.csv", "deep/a=1/x.csv"]
    header = ",".join(names_of(VENDORS))
    files = [
        read.dropped(VENDORS, f"odd/{name}", f"{header}\n{number},,,,,,\n".encode(), line_is_record=number % 2 == 0)
        for number, name in enumerate(names)
    ]

    rows = agreed(read.rows(VENDORS, files))

    assert {(row[0], row[-1]) for row in rows} == {(str(number), file.uri) for number, file in enumerate(files)}
    assert len(rows) == len(files)
