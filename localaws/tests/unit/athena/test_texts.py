import pytest

from localaws.athena import duck
from localaws.athena.catalog.iceberg import from_iceberg
from localaws.athena.ddl.text import PartitionField, column, parse_create
from localaws.athena.duckdb_errors import translated
from localaws.athena.errors import AthenaError, MalformedQueryError
from localaws.athena.hive_types import from_hive, to_hive
from localaws.athena.results import csv_line, java_double, read_csv, rendered
from localaws.athena.sql.coercion import can_coerce
from localaws.athena.sql.compiler import compile_text
from localaws.athena.sql.parser import parsing
from localaws.athena.trino_types import decimal


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1.0"), (0.1, "0.1"), (-2.5, "-2.5"), (100.0, "100.0"), (0.001, "0.001"), (0.0001, "1.0E-4"),
        (9999999.0, "9999999.0"), (1e7, "1.0E7"), (1.5e300, "1.5E300"), (0.0, "0.0"), (-0.0, "-0.0"),
        (float("inf"), "Infinity"), (float("nan"), "NaN"), (2.3333333333333335, "2.3333333333333335"),
    ],
)  # fmt: skip
def test_doubles_have_the_text_of_java(value, text):
    assert java_double(repr(value), value) == text


@pytest.mark.parametrize("cells", [["a", None, ""], ['say "hi"', "x,y", "two\nlines"], [None], ["", ""]])
def test_csv_tells_null_from_the_empty_string(cells):
    assert list(read_csv(csv_line(cells) * 2)) == [cells, cells]


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("ARRAY['x', NULL]", "[x, null]"), ("MAP(ARRAY[1], ARRAY[DECIMAL '1.50'])", "{1=1.50}"),
        ("ROW(1, 'a')", "{field0=1, field1=a}"),
        ("INTERVAL '25' HOUR", "1 01:00:00.000"), ("TIME '10:11:12'", "10:11:12"), ("X'00ff'", "00 ff"),
        ("CAST(NULL AS VARCHAR)", None), ("CAST(1 AS REAL)", "1.0"), ("JSON '{\"a\": 1}'", '{"a":1}'),
        ("TIMESTAMP '2024-07-05 06:09:03 UTC' AT TIME ZONE 'Europe/Berlin'", "2024-07-05 08:09:03.000 Europe/Berlin"),
    ],
)  # fmt: skip
def test_values_have_the_text_of_athena(instance, no_tables, expression, text):
    relation = compile_text(no_tables, f"SELECT {expression}")

    assert duck.session(instance).execute(rendered(relation.sql, relation.columns)).fetchall() == [(text,)]


def test_parameters_are_counted_in_the_order_of_the_text():
    tree = parsing.bind(parsing.parse("SELECT ? FROM t WHERE a = ? LIMIT ?"), ["1", "'two'", "3"])

    assert tree.sql("trino") == "SELECT (1) FROM t WHERE a = ('two') LIMIT 3"


@pytest.mark.parametrize("value", ["a", "(SELECT 1)", "1, 2", "1 AS x", "?", "*", "1 FROM t"])
def test_a_parameter_is_one_constant(value):
    with pytest.raises(AthenaError):
        parsing.bind(parsing.parse("SELECT ?"), [value])


@pytest.mark.parametrize(
    ("sql", "kind", "verb"),
    [
        ("  -- note\n/* more */ select 1;", "DML", "SELECT"),
        ("(SELECT 1)", "DML", "SELECT"),
        ("create table t (a int)", "DDL", "CREATE"),
        ("SHOW TABLES", "UTILITY", "SHOW"),
    ],
)
def test_the_type_of_a_statement_is_that_of_its_first_word(sql, kind, verb):
    assert (parsing.statement_type(sql), parsing.first_word(sql)) == (kind, verb)


@pytest.mark.parametrize("sql", ["SELECT FROM WHERE", "SELECT 'open", "SELECT 1; SELECT 2"])
def test_text_that_is_not_sql_is_malformed(sql):
    with pytest.raises(MalformedQueryError):
        parsing.parse(sql)


def test_create_table_is_parsed():
    found = parse_create(
        "CREATE TABLE IF NOT EXISTS `lake`.`t` "
        "(id bigint COMMENT 'a, (key)', v map<string,array<int>>, at timestamptz) "
        "PARTITIONED BY (day(at), bucket(16, id), truncate(v, 4), id) LOCATION 's3://b/t/' "
        "TBLPROPERTIES ('table_type'='ICEBERG', 'write.format.default'='parquet')"
    )

    assert (found.database, found.table, found.location, found.if_not_exists) == ("lake", "t", "s3://b/t", True)
    assert [(name, str(kind), comment) for name, kind, comment in found.columns] == [
        ("id", "bigint", "a, (key)"),
        ("v", "map(varchar, array(integer))", ""),
        ("at", "timestamp(6) with time zone", ""),
    ]
    assert found.partitioning == (
        PartitionField("at", "day"), PartitionField("id", "bucket", 16), PartitionField("v", "truncate", 4),
        PartitionField("id"),
    )  # fmt: skip
    assert found.properties == {"write.format.default": "parquet"}


@pytest.mark.parametrize(
    "text", ["array<struct<a:int,b:map<string,decimal(10,2)>>>", "timestamp", "varchar(5)", "float"]
)
def test_hive_types_survive_a_round_trip(text):
    assert to_hive(from_hive(text)) == text.replace("varchar(5)", "string")


def test_iceberg_types_are_converted_to_trinos():
    nested = {"type": "list", "element": {"type": "struct", "fields": [{"name": "a", "type": "timestamptz"}]}}

    assert str(from_iceberg(nested)) == 'array(row("a" timestamp(6) with time zone))'


@pytest.mark.parametrize(
    ("source", "target", "allowed"),
    [
        (decimal(10, 2), decimal(12, 2), True),
        (decimal(12, 2), decimal(10, 2), False),
        (decimal(10, 4), decimal(12, 2), False),
    ],
)
def test_decimals_are_coerced_only_where_nothing_is_lost(source, target, allowed):
    assert can_coerce(source, target) is allowed


def test_an_error_thrown_in_sql_keeps_its_code(instance, no_tables):
    relation = compile_text(no_tables, "SELECT 1 / x FROM (VALUES 0) t(x)")

    with pytest.raises(Exception, match="DIVISION_BY_ZERO") as raised:
        duck.session(instance).execute(relation.sql).fetchall()

    assert str(translated(raised.value)) == "DIVISION_BY_ZERO: Division by zero"


@pytest.mark.parametrize("kind", ["string", "timestamptz"])
def test_a_quote_in_a_columns_comment_is_written_twice(kind):
    name, _, comment = column(f"at {kind} COMMENT 'the shop''s clock'")

    assert (name, comment) == ("at", "the shop's clock")
