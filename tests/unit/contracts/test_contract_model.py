"""What is derived from a contract: rules, schemas, limits; and where contracts are found."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cartlake import contracts
from cartlake.contracts import RowRule, TableRule, Threshold, UnknownDatasetError
from cartlake.contracts.custom_properties.building import Build, Upstream
from cartlake.errors import TerminalError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cartlake.contracts import Contract, Table

    Read = Callable[[dict[str, Any]], Contract]

ROOT = Path(__file__).parents[3]


def rule_for(document: dict[str, Any], read: Read, options: dict[str, Any], column: int = 1) -> str:
    document["schema"][0]["properties"][column]["logicalTypeOptions"] = options
    (rule,) = [rule for rule in read(document).table.row_rules if not rule.name.endswith("_required")]
    return f"{rule.name}: {rule.expression}"


@pytest.mark.parametrize(
    ("column", "options", "expected"),
    [
        pytest.param(
            0,
            {"pattern": "^[A-Z]{2}$"},
            "item_id_matches_pattern: item_id is null or (regexp_like(item_id || '.', '^([A-Z]{2})[.]$'))",
            id="pattern with a sentinel",
        ),
        pytest.param(
            0,
            {"pattern": "^it's$"},
            "item_id_matches_pattern: item_id is null or (regexp_like(item_id || '.', '^(it''s)[.]$'))",
            id="quote in a pattern",
        ),
        pytest.param(
            0,
            {"minLength": 1, "maxLength": 9},
            "item_id_length_in_range: item_id is null or (length(item_id) >= 1 and length(item_id) <= 9)",
            id="lengths",
        ),
        pytest.param(
            1,
            {"minimum": 0.01, "exclusiveMaximum": 1e16},
            "amount_in_range: amount is null or (amount >= 0.01 and amount < 10000000000000000)",
            id="numbers never in scientific notation",
        ),
        pytest.param(
            2,
            {"minimum": "2026-01-01T01:00:00+01:00"},
            "changed_at_in_range: changed_at is null or (changed_at >= timestamp '2026-01-01 00:00:00.000000')",
            id="instant in UTC",
        ),
    ],
)
def test_an_option_becomes_one_named_rule(
    document: dict[str, Any], read: Read, column: int, options: dict[str, Any], expected: str
) -> None:
    assert rule_for(document, read, options, column) == expected


def test_a_required_column_has_one_rule_about_null(document: dict[str, Any], read: Read) -> None:
    assert read(document).table.row_rules == (
        RowRule("item_id_required", "error", "item_id is not null", ("item_id",)),
    )


def test_invalid_values_judge_rows_only_when_none_is_allowed(document: dict[str, Any], read: Read) -> None:
    valid = {"metric": "invalidValues", "arguments": {"validValues": ["a", "o'b"]}}
    document["schema"][0]["properties"][0]["quality"] = [
        valid | {"name": "each", "mustBe": 0, "severity": "warning"},
        valid | {"name": "most", "mustBeLessThan": 5, "unit": "percent"},
    ]

    table = read(document).table

    assert table.row_rule("each").expression == "item_id is null or (item_id in ('a', 'o''b'))"
    assert table.row_rule("each").severity == "warning"
    assert table.table_rule("most").failing == "item_id is not null and not (item_id in ('a', 'o''b'))"


def test_missing_values_count_with_null(document: dict[str, Any], read: Read) -> None:
    document["schema"][0]["properties"][0]["quality"] = [
        {"metric": "missingValues", "arguments": {"missingValues": [None, "n/a"]}, "mustBe": 0}
    ]

    rule = read(document).table.table_rule("item_id_missing_values")

    assert rule.failing == "item_id is null or item_id in ('n/a')"


def test_a_unique_column_is_measured(document: dict[str, Any], read: Read) -> None:
    document["schema"][0]["properties"][0]["unique"] = True

    rule = read(document).table.table_rule("item_id_unique")

    assert (rule.metric, rule.expected, rule.columns) == ("duplicateValues", "must be 0 rows", ("item_id",))


def test_words_for_people_and_rules_of_other_tools_are_left_alone(document: dict[str, Any], read: Read) -> None:
    document["schema"][0]["quality"] = [
        {"type": "text", "description": "Looks about right."},
        {"type": "custom", "engine": "soda", "implementation": "row_count > 0"},
        {"type": "custom", "engine": "dqx", "implementation": {"check": "is_unique"}},
    ]

    table = read(document).table

    assert table.table_rules == ()
    assert [rule.name for rule in table.row_rules] == ["item_id_required"]


def test_a_column_the_lake_adds_has_no_row_rules_and_is_in_no_file() -> None:
    table = contracts.load("transactions").table

    assert not any(name.startswith("_") for rule in table.row_rules for name in (rule.name, rule.columns[0]))
    assert [column.name for column in table.columns if column.added_by_lake] == [
        "_ingested_at",
        "_source_file",
        "_run_id",
    ]
    assert "_run_id" not in contracts.raw_schema(table)
    assert contracts.spark_schema_ddl(table).endswith("_source_file string, _run_id string")
    assert contracts.spark_schema_ddl(table, added_by_lake=False).endswith("ordered_at timestamp, updated_at timestamp")


def test_a_broken_row_is_never_null() -> None:
    rule = RowRule("positive", "error", "amount > 0", ("amount",))

    assert rule.broken == "not coalesce((amount > 0), false)"


@pytest.mark.parametrize(
    ("operator", "values", "good", "bad"),
    [
        ("mustBe", (3.0,), 3, 4),
        ("mustNotBe", (3.0,), 4, 3),
        ("mustBeGreaterThan", (3.0,), 4, 3),
        ("mustBeGreaterOrEqualTo", (3.0,), 3, 2),
        ("mustBeLessThan", (3.0,), 2, 3),
        ("mustBeLessOrEqualTo", (3.0,), 3, 4),
        ("mustBeBetween", (3.0, 5.0), 5, 6),
        ("mustNotBeBetween", (3.0, 5.0), 6, 5),
    ],
)
def test_a_threshold_judges_as_odcs_says(operator: str, values: tuple[float, ...], good: float, bad: float) -> None:
    rule = TableRule("r", "error", "rowCount", Threshold(operator, values))

    assert (rule.judge(good), rule.judge(bad)) == (True, False)


@pytest.mark.parametrize("operator", ["mustNotBe", "mustBe", "mustNotBeBetween", "mustBeLessThan"])
@pytest.mark.parametrize("value", [None, float("nan")])
def test_what_was_not_measured_is_not_good(operator: str, value: float | None) -> None:
    assert not TableRule("r", "error", "rowCount", Threshold(operator, (0.0, 9.0))).judge(value)


def test_all_plain_aggregates_share_one_scan() -> None:
    rules = contracts.load("transactions").table.table_rules

    together, *alone = contracts.measurements(rules, "t", where="day = 1")

    assert len(together.rules) == 4
    assert together.sql.endswith("from (select * from t where day = 1)")
    assert [measurement.rules for measurement in alone] == [("one_row_per_order_line",), ("one_currency_per_order",)]


def test_a_service_level_is_a_warning_never_a_reason_to_hold_a_batch_back() -> None:
    rule = contracts.load("transactions").table.table_rule("ordered_at_within_sla")

    assert (rule.severity, rule.expected) == ("warning", "must be at most 48 h")


def test_limits_and_formats_come_from_the_contract(document: dict[str, Any], read: Read) -> None:
    document["customProperties"][0]["value"] |= {"maxLineBytes": 10, "csv": {"delimiter": ";"}}

    contract = read(document)

    assert (contract.major, contract.droppable, contract.accepted_formats) == (2, True, ("csv",))
    assert (contract.max_line_bytes, contract.csv.delimiter, contract.csv.quote) == (10, ";", '"')


def test_a_dataset_without_files_has_no_limits() -> None:
    with pytest.raises(TerminalError, match="files of ops cannot be dropped"):
        _ = contracts.load("ops").max_file_bytes


def built(document: dict[str, Any], read: Read, **build: Any) -> Table:
    """The table of a contract that only the lake writes, with `cartlake.build` as given."""
    del document["customProperties"]
    document["schema"][0]["customProperties"].append(
        {"property": "cartlake.build", "value": {"transform": "few.items", **build}}
    )
    return read(document).table


def test_a_table_is_built_from_the_rows_of_its_own_period_unless_it_says_otherwise(
    document: dict[str, Any], read: Read
) -> None:
    build = built(document, read, replaces="days", upstreams=[{"table": "processed.sales"}]).build

    assert build == Build(
        transform="few.items", replaces="days", upstreams=(Upstream(table="processed.sales", reads="period"),)
    )
    assert build.upstreams[0].argument == "sales"


@pytest.mark.parametrize(
    ("replaces", "upstream", "expected"),
    [
        pytest.param("days", {"daysBefore": 1, "daysAfter": 2}, ("period", 1, 2, None), id="and of days around it"),
        pytest.param("months", {"reads": "up_to"}, ("up_to", 0, 0, None), id="and of all before it"),
        pytest.param("weeks", {"reads": "all"}, ("all", 0, 0, None), id="all"),
        pytest.param("all", {"reads": "all"}, ("all", 0, 0, None), id="all for all"),
        pytest.param("keys", {"reads": "key", "key": "sku"}, ("key", 0, 0, "sku"), id="those of its keys"),
    ],
)
def test_which_rows_of_an_upstream_are_read(
    document: dict[str, Any], read: Read, replaces: str, upstream: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    key = {"key": "item_id"} if replaces == "keys" else {}

    build = built(document, read, replaces=replaces, upstreams=[{"table": "processed.sales", **upstream}], **key).build

    assert build is not None
    (found,) = build.upstreams
    assert (found.reads, found.days_before, found.days_after, found.key) == expected
    assert build.key == key.get("key")


def test_a_table_may_say_which_of_its_upstreams_is_believed_first(document: dict[str, Any], read: Read) -> None:
    upstreams = [{"table": "processed.sales"}, {"table": "processed.exports"}]

    build = built(
        document, read, replaces="days", upstreams=upstreams, precedence=["processed.exports", "processed.sales"]
    ).build

    assert build is not None
    assert build.precedence_of_arguments == ("exports", "sales")


@pytest.mark.parametrize(
    ("precedence", "advice"),
    [
        pytest.param(["processed.sales", "processed.stock"], "not read by this table: name only", id="no upstream"),
        pytest.param(["processed.sales", "processed.sales"], "named twice", id="twice"),
        pytest.param(["processed.sales"], "name two upstreams or more", id="alone"),
    ],
)
def test_a_precedence_that_orders_nothing_is_refused(
    document: dict[str, Any], read: Read, precedence: list[str], advice: str
) -> None:
    upstreams = [{"table": "processed.sales"}, {"table": "processed.exports"}]

    with pytest.raises(contracts.ContractError, match=advice):
        built(document, read, replaces="days", upstreams=upstreams, precedence=precedence)


def test_a_table_may_be_built_of_nothing(document: dict[str, Any], read: Read) -> None:
    build = built(document, read, replaces="all").build

    assert build is not None
    assert build.upstreams == ()


def test_a_table_of_dropped_files_is_not_built_and_refers_to_nothing(document: dict[str, Any], read: Read) -> None:
    table = read(document).table

    assert (table.build, table.prepare, table.references) == (None, None, ())


def test_rows_may_be_prepared_before_they_are_judged(document: dict[str, Any], read: Read) -> None:
    document["schema"][0]["customProperties"].append({"property": "cartlake.prepare", "value": "few.masked"})

    assert read(document).table.prepare == "few.masked"


@pytest.mark.parametrize(
    ("said", "orphans"),
    [
        pytest.param([], "unknown_member", id="nothing said"),
        pytest.param([{"property": "cartlake.orphans", "value": "unknown_member"}], "unknown_member", id="accepted"),
        pytest.param([{"property": "cartlake.orphans", "value": "quarantine"}], "quarantine", id="refused"),
    ],
)
def test_a_column_may_refer_to_another_table(
    document: dict[str, Any], read: Read, said: list[dict[str, Any]], orphans: str
) -> None:
    document["schema"][0]["properties"][0]["relationships"] = [{"to": "products.product_id", "customProperties": said}]

    (reference,) = read(document).table.references

    assert (reference.column, reference.parent, reference.parent_column) == ("item_id", "products", "product_id")
    assert (reference.orphans, reference.reason) == (orphans, "orphan:item_id")


def test_spark_creates_the_same_table() -> None:
    table = contracts.load("ops").table_named("quarantine_rows")

    ddl = contracts.iceberg_ddl(table, catalog="c", physical_name="d.t", location="s3://bucket/t")

    assert ddl.startswith("create table if not exists c.d.t (\n  row_id string not null comment 'SHA-256 in hex")
    assert ") using iceberg\npartitioned by (dataset, days(quarantined_at))\nlocation 's3://bucket/t'\n" in ddl


def test_a_bucket_partition(document: dict[str, Any], read: Read) -> None:
    document["schema"][0]["properties"][0] |= {
        "partitioned": True,
        "partitionKeyPosition": 1,
        "description": "It's an item.",
        "customProperties": [{"property": "cartlake.partitionTransform", "value": "bucket[16]"}],
    }

    table = read(document).table

    schema = contracts.iceberg_schema(table)
    assert str(contracts.iceberg_partition_spec(table, schema).fields[0]) == "1000: item_id_bucket: bucket[16](1)"
    assert "partitioned by (bucket(16, item_id))" in contracts.iceberg_ddl(table)
    assert "item_id string not null comment 'It\\'s an item.'" in contracts.iceberg_ddl(table)


def test_arrays_get_element_ids_after_all_columns() -> None:
    schema = contracts.iceberg_schema(contracts.load("ops").table_named("ops.quarantine_rows"))

    assert schema.find_field("reasons.element").field_id == len(schema.fields) + 1


def test_an_unknown_dataset_lists_the_known_ones() -> None:
    with pytest.raises(UnknownDatasetError, match=r"no contract 'orders' in .*: clickstream, .*, ops, .*vendors"):
        contracts.load("orders")


def test_contracts_may_live_elsewhere(
    document: dict[str, Any], read: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(document)
    monkeypatch.setenv("CARTLAKE_CONTRACTS_DIR", str(tmp_path))

    assert contracts.names() == ("items",)
    assert contracts.load("items").version == "2.3.4"


def test_contracts_load_from_inside_a_zip_with_nothing_but_pydantic_and_yaml(tmp_path: Path) -> None:
    shipped = tmp_path / "cartlake.zip"
    with zipfile.ZipFile(shipped, "w") as archive:
        for source in [*(ROOT / "cartlake").glob("*.py"), *(ROOT / "cartlake" / "contracts").rglob("*.py")]:
            archive.write(source, source.relative_to(ROOT))
        archive.write(ROOT / "contracts" / "transactions.odcs.yaml", "cartlake/_contracts/transactions.odcs.yaml")
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from cartlake import contracts\n"
        "assert '.zip' in contracts.load('transactions').source\n"
        "print(contracts.names(), sorted({'pyiceberg', 'pyspark', 'boto3', 'sqlglot'} & set(sys.modules)))"
    )

    done = subprocess.run([sys.executable, "-c", program, str(shipped)], capture_output=True, text=True, check=False)

    assert done.stdout == "('transactions',) []\n", done.stderr
