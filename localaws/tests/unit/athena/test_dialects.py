"""What Athena answers otherwise than Trino: each with both answers."""

import re
from decimal import Decimal
from pathlib import Path

import pytest

import localaws.athena
from localaws.athena import dialects, duck, results
from localaws.athena.errors import AthenaError
from localaws.athena.sql.compiler import compile_text
from localaws.athena.sql.tables import View
from localaws.settings import load


def shown(instance, tables, sql, dialect=None):
    relation = compile_text(tables, f"SELECT {sql}", dialect=dialect)
    return duck.session(instance).execute(results.rendered(relation.sql, relation.columns)).fetchall()[0][0]


@pytest.mark.parametrize(
    ("expression", "athena", "trino"),
    [
        ("typeof(1.2)", "double", "decimal(2,1)"),
        ("1.2/7", "0.17142857142857143", "0.2"),
        ("100.0*1/3", "33.333333333333336", "33.3"),
        ("0.1+0.2", "0.30000000000000004", "0.3"),
        ("round(2.5)", "3.0", "3"),
        (".5", "0.5", "0.5"),
        ("1/-4.0", "-0.25", "-0.3"),
        ("CAST(1.10 AS DECIMAL(4,2))", "1.10", "1.10"),
        ("DECIMAL '1.10'", "1.10", "1.10"),
        ("1.5 IN (DECIMAL '1.5')", "true", "true"),
        ("0.1 + 0.2 = 0.3", "false", "true"),
    ],
)
def test_numbers_with_a_point_are_doubles_on_athena_and_decimals_in_trino(
    instance, no_tables, expression, athena, trino
):
    assert shown(instance, no_tables, expression) == athena
    assert shown(instance, no_tables, expression, dialects.TRINO) == trino


@pytest.mark.parametrize(
    ("expression", "athena"),
    [("1/0.0", "Infinity"), ("1/-0.0", "-Infinity"), ("0/0.0", "NaN"), ("-1.0/0", "-Infinity")],
)
def test_division_by_zero_is_infinite_on_athena_and_fails_in_trino(instance, no_tables, expression, athena):
    assert shown(instance, no_tables, expression) == athena
    if expression != "1/-0.0":
        with pytest.raises(Exception, match="DIVISION_BY_ZERO"):
            shown(instance, no_tables, expression, dialects.TRINO)


class StoredViews:
    """Two views that were stored while numbers with a point were decimals, and one whose columns are others now."""

    def find(self, database, table, version):
        return {
            "old": View("SELECT 1.5 AS a, 1.5 * 2 AS b", "lake", (("a", "decimal(2,1)"), ("b", "decimal(12,1)"))),
            "of_old": View("SELECT a + 0.5 AS c FROM old", "lake", (("c", "double"),)),
            "stale": View("SELECT 1.5 AS a", "lake", (("a", "date"),)),
        }.get(table)


@pytest.mark.parametrize(
    ("name", "rows", "kinds"),
    [("old", [(Decimal("1.5"), Decimal("3.0"))], ["decimal(2,1)", "decimal(12,1)"]), ("of_old", [(2.0,)], ["double"])],
)
def test_a_view_of_numbers_is_read_as_it_was_stored(instance, name, rows, kinds):
    relation = compile_text(StoredViews(), f"SELECT * FROM {name}", "lake")

    assert [str(kind) for _, kind in relation.columns] == kinds
    assert duck.session(instance).execute(relation.sql).fetchall() == rows


def test_a_view_whose_columns_are_others_in_both_dialects_is_stale():
    with pytest.raises(AthenaError, match=r"VIEW_IS_STALE.*of type double projected"):
        compile_text(StoredViews(), "SELECT * FROM stale", "lake")


@pytest.mark.parametrize("symbol", ["=", "<>", "<", "<=", ">", ">="])
@pytest.mark.parametrize("number", ["10.5", "10.50", "20.0", "0.1", "-3.7"])
def test_a_decimal_column_is_compared_with_a_number_as_two_doubles_are(run, symbol, number):
    plain, _ = run(f"SELECT id FROM orders WHERE amount {symbol} {number} ORDER BY 1")
    cast, _ = run(f"SELECT id FROM orders WHERE CAST(amount AS DOUBLE) {symbol} CAST('{number}' AS DOUBLE) ORDER BY 1")

    assert plain == cast


def test_a_filter_on_a_decimal_column_is_pushed_down(tables):
    assert "CAST(r0" not in compile_text(tables, "SELECT id FROM orders WHERE amount > 10.5", "lake").sql


def test_the_setting_chooses_the_dialect(monkeypatch):
    dialects.configured.cache_clear()
    monkeypatch.setenv("LOCALAWS_ATHENA_DIALECT", "trino")
    assert dialects.configured() is dialects.TRINO
    dialects.configured.cache_clear()
    monkeypatch.delenv("LOCALAWS_ATHENA_DIALECT")
    assert dialects.configured() is dialects.ATHENA
    dialects.configured.cache_clear()
    assert load(athena_dialect="trino").athena_dialect == "trino"


def test_every_difference_has_a_source_and_a_module_that_exists():
    folder = Path(localaws.athena.__file__).parent
    for difference in dialects.DIFFERENCES:
        assert re.search(r"https://|Hive's|tests of", difference.source), difference.name
        for module in difference.module.split(", "):
            assert any((base / module).exists() or (base / f"{module}.py").exists() for base in (folder, folder.parent))


def test_an_unknown_word_of_the_setting_is_refused():
    with pytest.raises(Exception, match="ATHENA_DIALECT"):
        load(athena_dialect="presto")


def test_a_decimal_overflow_is_an_error(instance, no_tables):
    with pytest.raises((AthenaError, Exception), match="overflow"):
        shown(instance, no_tables, "DECIMAL '99999999999999999999999999999999999999' + DECIMAL '1'")
