"""Numbers with a point in rules, as Athena has to read them."""

from datetime import UTC, datetime

import pytest

from cartlake.contracts.rules.sql import exact_numbers
from cartlake.contracts.rules.table_rules import TableRule, Threshold


@pytest.mark.parametrize(
    ("sql", "athena"),
    [
        ("a <= 0.01", "a <= DECIMAL '0.01'"),
        ("a between 0.5 and 12.25", "a between DECIMAL '0.5' and DECIMAL '12.25'"),
        ("a = '0.5' and \"b.1\" > 2", "a = '0.5' and \"b.1\" > 2"),
        ("cast(a as decimal(10,2)) > 1", "cast(a as decimal(10,2)) > 1"),
        ("a > 1.5e3", "a > 1.5e3"),
        ("t1.x > 1", "t1.x > 1"),
    ],
)
def test_numbers_with_a_point_are_decimals(sql: str, athena: str) -> None:
    assert exact_numbers(sql) == athena


def test_a_table_rule_writes_decimals_for_athena_only() -> None:
    rule = TableRule("cheap", "error", "failingValues", Threshold("mustBe", (0.0,)), failing="price < 0.5")

    assert "price < DECIMAL '0.5'" in rule.measure_sql("t", now=datetime.now(UTC), dialect="trino")
    assert "price < 0.5" in rule.measure_sql("t", now=datetime.now(UTC), dialect="spark")
