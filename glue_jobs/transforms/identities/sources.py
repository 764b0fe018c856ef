"""Customer records of all tables in one form, and which of their sources is believed first.

What a table does not say of a person is null here: nothing is guessed that another record might know.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from cartlake.engine import Column, DataFrame, F

RECORD: Final = (
    *("customer_id", "source_system", "first_name", "last_name", "email", "phone", "birth_date"),
    *("street", "postal_code", "city", "country_code", "marketing_consent", "registered_at", "updated_at"),
)
"""The columns of a version of a record, whichever table it comes from: those of processed.customers."""

SYSTEMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"customers": ("shop", "marketplace", "newsletter"), "hubspot_contacts": ("hubspot",)}
)
"""The source systems of each table, most trusted first: the shop verifies what customers enter, the newsletter asks for
nothing but an address, and contacts are written by employees too."""

TRUST: Final = "_trust"
"""The column that says how far the source of a record is believed, 0 for one that SYSTEMS does not have."""

_BETWEEN_DIGITS: Final = "[-\\s./\u00a0\u2010-\u2015\u202f]+"
_TRUNK_ZERO: Final = r"^[(]?[+][1-9][0-9]{0,2}[)]?[(]0[)]"
_EXTENSION: Final = r"/\D*[0-9]{1,4}\D*\z"
_E164: Final = r"^[+][1-9][0-9]{6,14}\z"


def records(customers: DataFrame, hubspot_contacts: DataFrame) -> DataFrame:
    """Return the versions of all records with the columns of RECORD. Of a contact there is the newest version alone."""
    return customers.select(*RECORD).unionByName(_contacts(hubspot_contacts))


def with_trust(versions: DataFrame, precedence: Sequence[str]) -> DataFrame:
    """Add TRUST: the greater, the earlier the record's table is in `precedence`, and its system within the table."""
    systems = [system for table in precedence for system in SYSTEMS[table]]
    trust = F.lit(0)
    for rank, system in enumerate(reversed(systems), start=1):
        trust = F.when(F.col("source_system") == F.lit(system), F.lit(rank)).otherwise(trust)
    return versions.withColumn(TRUST, trust)


def _contacts(contacts: DataFrame) -> DataFrame:
    """Return contacts as records.

    - `marketing_consent` is false for who wants no mail, else null: to want it was never asked.
    - `registered_at` is when the contact was made, as far as that is known, and never later than its version.
    """
    made = {
        "customer_id": F.col("contact_id"),
        "source_system": F.lit("hubspot"),
        "phone": _phone(F.col("phone")),
        "birth_date": F.lit(None).cast("date"),
        **{name: F.lit(None).cast("string") for name in ("street", "postal_code", "city")},
        "country_code": _country(F.col("country")),
        "marketing_consent": F.when(F.col("email_opt_out"), F.expr("false")),
        "registered_at": F.least(F.coalesce("created_at", "updated_at"), F.col("updated_at")),
    }
    return contacts.select(*(made.get(name, F.col(name)).alias(name) for name in RECORD))


def _phone(written: Column) -> Column:
    """Return the number in E.164 where it begins with + or 00, null where its country is not told.

    The zero of `+44 (0)20` is dialled within the country alone. Up to four digits after a slash may be an extension, or
    the end of a second number: what the number is, is not told.
    """
    joined = F.regexp_replace(written, _BETWEEN_DIGITS, "")
    plus = F.regexp_replace(joined, "^([(]?)00", "+")
    without_zero = F.when(plus.rlike(_TRUNK_ZERO), F.replace(plus, F.lit("(0)"), F.lit(""))).otherwise(plus)
    number = F.regexp_replace(without_zero, "[()]", "")
    return F.when(number.rlike(_E164) & ~written.rlike(_EXTENSION), number)


def _country(written: Column) -> Column:
    """Return a code of two letters in capitals, null for anything else, such as a name."""
    code = F.upper(F.trim(written))
    return F.when(code.rlike(r"^[A-Z]{2}\z"), code)
