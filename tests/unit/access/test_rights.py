"""Which role reads which table and query, by the classifications of the contracts."""

import pytest

from cartlake import contracts
from cartlake.queries.rights import PEOPLE, can_run, may_read, rights_of, tables_read

TABLES = {table.physical_name: table for contract in contracts.load_all() for table in contract.tables}
RIGHTS = {(one.role, one.table): one for one in rights_of(contracts.load_all())}


def test_data_engineers_read_every_column_of_every_table():
    assert all(may_read("data_engineer", table) for table in TABLES.values())
    assert "email" in RIGHTS["data_engineer", "processed.customers"].columns


@pytest.mark.parametrize("role", ["analyst", "auditor"])
def test_no_protected_column_is_read_without_personal_data(role):
    read = [TABLES[one.table].column(name) for one in RIGHTS.values() if one.role == role for name in one.columns]

    assert [column.name for column in read if column.protected or column.pii] == []
    assert read


def test_who_may_not_read_a_table_is_told_its_masked_one():
    refused = {one.table: one.instead for one in RIGHTS.values() if one.role == "analyst" and not one.columns}

    assert refused == {
        "processed.customers": "masked.customers_masked",
        "processed.hubspot_contacts": "masked.hubspot_contacts_masked",
        "processed.transactions": "masked.transactions_masked",
        "curated.dim_customer": "masked.dim_customer_masked",
        "ops.quarantine_rows": None,
        "ops.quality_results": None,
    }


def test_auditors_read_what_the_lake_did():
    assert [one.table for one in RIGHTS.values() if one.role == "auditor" and one.columns] == ["ops.quality_results"]


def test_every_table_is_read_by_a_role_without_personal_data_or_has_protected_columns():
    for name, table in TABLES.items():
        readers = [role for role in PEOPLE if RIGHTS[role, name].columns]
        assert len(readers) > 1 or table.protected_columns, name


VIEWS = {"processed.sold": "select 1 from processed.transactions", "curated.days": "select 1 from curated.sales_daily"}


@pytest.mark.parametrize(
    ("sql", "analyst"),
    [
        ("select 1 from curated.sales_daily", True),
        ("SELECT 1 FROM processed.customers", False),
        ("select 1 from curated.sales_daily join processed.customers on true", False),
        ("select 1 from curated.days", True),
        ("select 1 from processed.sold", False),
        ("select 1 from ops.table_freshness", False),
        ("select 1 from masked.customers_masked", True),
    ],
)
def test_a_query_is_for_those_who_read_all_of_its_tables(sql, analyst):
    assert can_run("analyst", sql, VIEWS, TABLES.values()) is analyst
    assert can_run("data_engineer", sql, VIEWS, TABLES.values())


def test_views_are_followed_to_their_tables():
    assert tables_read("select 1 from processed.sold, x join curated.days", VIEWS) == {
        "processed.transactions",
        "curated.sales_daily",
    }
