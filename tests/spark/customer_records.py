"""Customer records of all sources, and the tables that tests of people are made of."""

from datetime import UTC, datetime, timedelta

from cartlake import contracts
from tests.spark.built import table_rows

CUSTOMERS = contracts.load("customers").table

NEW_YEAR = datetime(2024, 1, 1, tzinfo=UTC)
KATHARINA = {
    "customer_id": None,
    "source_system": "shop",
    "first_name": "Katharina",
    "last_name": "Müller",
    "email": None,
    "phone": None,
    "birth_date": None,
    "street": None,
    "postal_code": None,
    "city": None,
    "country_code": "DE",
    "marketing_consent": True,
    "registered_at": NEW_YEAR,
    "updated_at": NEW_YEAR,
}
HOME = {"street": "Hauptstraße 12", "postal_code": "10115", "city": "Berlin"}


def day(number):
    return NEW_YEAR + timedelta(days=number)


def record(number, **changes):
    """A version of the record CUS-000000<number>. Sets `updated_at` to `registered_at` unless given."""
    row = KATHARINA | {"customer_id": f"CUS-{number:07d}"} | changes
    row["updated_at"] = changes.get("updated_at", row["registered_at"])
    return tuple(row.values())


def contact(number, **changes):
    """The contact CON-<number>, which says nothing but what is given. `updated_at` is `created_at` unless given."""
    made = changes.get("created_at", NEW_YEAR)
    return {"contact_id": f"CON-{number}", "created_at": made, "updated_at": made or NEW_YEAR} | changes


def sources_of(frame, rows, contacts=()):
    """The tables of records as arguments of a transform."""
    return {
        "customers": customers_of(frame, rows),
        "hubspot_contacts": table_rows(frame, "hubspot_contacts", *contacts),
    }


def customers_of(frame, rows):
    customers = frame(rows or [record(1)], contracts.spark_schema_ddl(CUSTOMERS, added_by_lake=False))
    return customers if rows else customers.where("1 = 0")


def since(moment):
    """Days since NEW_YEAR. Spark gives naive datetimes in the zone of the process, DuckDB aware ones."""
    return None if moment is None else (moment.astimezone(UTC) - NEW_YEAR) / timedelta(days=1)
