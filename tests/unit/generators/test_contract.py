"""What is generated and what the contract demands agree: clean rows pass every rule, dirty rows break theirs."""

import pyarrow.parquet as pq
import pytest

from cartlake import contracts
from generators.dirt.order_lines import KINDS
from generators.orders.lifecycle import STATUSES
from generators.schemas import schema_of
from generators.shop.markets import CHANNELS, CURRENCIES, PAYMENT_METHODS
from generators.transactions import generate_transactions

from .conftest import SMALL
from .judging import CAST, MALFORMED, connect, verdicts_of

ARROW_NAMES = {"string": "string", "int32": "int", "decimal128(12, 2)": "decimal(12,2)"}


@pytest.fixture(scope="module")
def table():
    return contracts.load("transactions").table


@pytest.fixture(scope="module")
def verdicts(table, small_rows):
    """Broken rules of every row, by file and 1-based row, judged by the contract's own expressions on DuckDB."""
    return verdicts_of(table, small_rows)


def test_columns_are_those_of_the_contract_in_order_and_type(table):
    generated = [(field.name, ARROW_NAMES.get(str(field.type), "timestamp")) for field in schema_of("transactions")]

    assert generated == [(column.name, column.type) for column in table.file_columns]


@pytest.mark.parametrize(
    ("rule", "values"),
    [
        ("order_status_is_known", STATUSES),
        ("channel_is_known", CHANNELS),
        ("payment_method_is_known", PAYMENT_METHODS),
        ("currency_is_known", CURRENCIES),
    ],
)
def test_every_allowed_value_is_generated_and_no_other(table, rule, values):
    allowed = table.row_rule(rule).expression.partition(" in ")[2]

    assert {value for value in allowed.split("'") if value.isalpha() or "_" in value} == set(values)


def test_clean_rows_break_no_rule_not_even_a_warning(small_set, verdicts):
    _, manifest = small_set
    dirty = {(name, row) for dirt in manifest.dirt.values() for name, rows in dirt.rows.items() for row in rows}

    assert {row: broken for row, broken in verdicts.items() if broken and row not in dirty} == {}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_each_planted_row_breaks_the_rules_its_kind_names(small_set, verdicts, kind):
    _, manifest = small_set
    planted = manifest.dirt[kind.name]

    missed = {
        (name, row): set(planted.rules) - verdicts[name, row]
        for name, rows in planted.rows.items()
        for row in rows
        if not set(planted.rules) <= verdicts[name, row]
    }

    assert planted.count > 5
    assert missed == {}


def test_kinds_that_break_an_error_rule_name_only_rules_the_contract_has(table):
    errors = {rule.name for rule in table.row_rules if rule.severity == "error"}
    casts = {f"{CAST}{column.name}" for column in table.file_columns}

    assert {rule for kind in KINDS for rule in kind.rules} <= errors | casts | {MALFORMED}


@pytest.mark.parametrize(
    "kind",
    [
        kind
        for kind in KINDS
        if kind.name not in {"missing_unit_price", "quantity_not_a_number", "unparseable_timestamp"}
    ],
    ids=lambda kind: kind.name,
)
def test_faults_of_one_value_break_nothing_else(small_set, verdicts, kind):
    _, manifest = small_set

    broken = [verdicts[name, row] for name, rows in manifest.dirt[kind.name].rows.items() for row in rows]

    assert set(map(frozenset, broken)) == {frozenset(kind.rules)}


def test_parquet_rows_follow_the_contract_types_and_rules(table, tmp_path):
    manifest = generate_transactions(tmp_path, **SMALL, file_format="parquet")
    database = connect()
    any_broken = " or ".join(rule.broken for rule in table.row_rules)

    for file in manifest.files:
        assert pq.read_schema(tmp_path / file.name).remove_metadata() == schema_of("transactions")
        (dirty,) = database.execute(
            f"select count(*) from (select *, current_timestamp as _ingested_at from '{tmp_path / file.name}') "
            f"where {any_broken}"
        ).fetchone()
        assert dirty == file.dirty_rows
