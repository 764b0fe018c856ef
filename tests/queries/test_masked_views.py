"""What analysts see of personal data."""

from datetime import date

import pytest

from tests.queries.conftest import TABLES, VIEWS

PERSONAL = sorted(name for name, table in TABLES.items() if any(column.pii for column in table.columns))


def test_every_table_with_personal_data_has_a_masked_view():
    assert {f"{name}_masked" for name in PERSONAL} == {name for name in VIEWS if name.endswith("_masked")}


@pytest.mark.parametrize("name", PERSONAL)
def test_no_letter_of_a_masked_column_comes_through_and_the_columns_are_the_tables(ask, insert, name):
    table = TABLES[name]
    secret = {column.name: "Secret" for column in table.columns if column.pii and column.type == "string"}
    insert(name, **secret)

    [row] = ask(f"select * from {name}_masked")

    assert list(row) == [column.name for column in table.columns]
    assert [row[column] for column in secret if row[column] not in {None, "***@", "Se"}] == []


def test_what_is_left_of_a_customer(ask, insert):
    insert(
        "processed.customers",
        customer_id="CUS-1",
        first_name="Ada",
        last_name="Byron",
        email="ada@example.org",
        phone="+44 20 7946 0000",
        birth_date=date(1985, 12, 10),
        street="Main Street 1",
        postal_code="10115",
        city="Berlin",
    )

    [row] = ask("select * from processed.customers_masked")

    assert {column: value for column, value in row.items() if value is not None} == {
        "customer_id": "CUS-1",
        "email": "***@example.org",
        "birth_date": date(1985, 1, 1),
        "postal_code": "10",
        "city": "Berlin",
    }


def test_what_is_missing_stays_missing(ask, insert):
    insert("processed.transactions", order_id="ORD-1")

    assert ask("select customer_email from processed.transactions_masked") == [{"customer_email": None}]
