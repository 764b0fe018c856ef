"""Which columns name a person, by tags, relationships and what tables are built from."""

import pytest

from cartlake import contracts
from cartlake.erasure.person_columns import person_columns


@pytest.fixture(scope="module")
def found():
    return person_columns(contracts.load_all())


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("processed.customers", ("customer_id",)),  # by its tag
        ("processed.transactions", ("customer_id",)),  # by its relationship
        ("processed.hubspot_contacts", ("contact_id",)),  # whose persons are records of customer_identities
        ("curated.customer_rfm", ("golden_customer_id",)),
        ("processed.customer_matches", ("left_customer_id", "right_customer_id")),
        ("masked.transactions_masked", ("customer_id",)),  # by the table it is built from
        ("masked.dim_customer_masked", ("golden_customer_id",)),
    ],
)
def test_columns_that_name_a_person(found, table, columns):
    assert found[table] == columns


def test_totals_name_nobody(found):
    assert not found.keys() & {
        "curated.sales_daily",
        "processed.products",
        "curated.dim_product",
        "ops.quarantine_rows",
    }


def test_every_table_with_personal_data_names_the_person_it_is_of(found):
    with_personal_data = {
        table.physical_name
        for contract in contracts.load_all()
        for table in contract.tables
        if any(column.pii for column in table.columns)
    }
    assert with_personal_data - found.keys() == {"ops.quarantine_rows"}  # whose text is searched
