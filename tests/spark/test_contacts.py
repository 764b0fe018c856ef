"""Contacts of HubSpot are records of people beside those of processed.customers: the same cases on both engines."""

import re
from functools import partial

import pytest

from cartlake import contracts
from cartlake.engine import F
from glue_jobs.table_refresh.building import transform_of
from glue_jobs.transforms.identities.history import dim_customer
from glue_jobs.transforms.identities.sources import RECORD, SYSTEMS, records
from tests.spark.customer_records import HOME, KATHARINA, contact, day, record, since, sources_of
from tests.spark.transforming import transformed

pytestmark = pytest.mark.spark

MATCHES, IDENTITIES, DIMENSION = (
    transform_of(contracts.load(name).table) for name in ("customer_matches", "customer_identities", "dim_customer")
)
CONTACTS_FIRST = partial(dim_customer, precedence=("hubspot_contacts", "customers"))
ADA = {"email": "ada@x.org", "first_name": "Ada", "last_name": "King"}
WRITTEN_DIFFERENTLY = {"email": "Ada+crm@X.org", "first_name": "A.", "last_name": "Lovelace"}


def people(frame, customers, contacts, dimension=DIMENSION):
    """The rows of people, the unknown one left out, from records alone."""
    sources = sources_of(frame, customers, contacts)
    matches = stored(frame, transformed(MATCHES, **sources), "left_customer_id", "right_customer_id", "match_key")
    identities = transformed(IDENTITIES, **sources, customer_matches=matches)
    identities = stored(frame, identities, "customer_id", "golden_customer_id")
    built = transformed(dimension, **sources, customer_identities=identities)
    rows = built.where(F.col("members") > F.lit(0)).orderBy("golden_customer_id", "valid_from").collect()
    return [row.asDict() for row in rows]


def stored(frame, built, *names):
    """Columns of text as a frame of their own: Spark would plan three tables at once, which takes a minute."""
    rows = [tuple(row) for row in built.select(*names).collect()]
    ddl = ", ".join(f"{name} string" for name in names)
    return frame(rows, ddl) if rows else frame([("",) * len(names)], ddl).where("1 = 0")


JOINED = {
    "by e-mail": ([record(1, **ADA)], [contact(1, **WRITTEN_DIFFERENTLY, created_at=day(1))], {"members": 2}),
    "by phone and name": (
        [record(1, phone="+442079460000")],
        [contact(1, phone="+44 (0)20 7946-0000", first_name="Katarina", last_name="Mueller")],
        {"members": 2},
    ),
    "two contacts": ([], [contact(151, **ADA), contact(2, **ADA, created_at=day(1))], {"members": 2}),
    "another first name": (
        [record(1, **ADA)],
        [contact(1, email="ada@x.org", first_name="Jürgen", created_at=day(1))],
        {"golden_customer_id": "GLD-0000001", "members": 1},
    ),
    "named after the customer that is older": (
        [record(1, **ADA)],
        [contact(151, **ADA, created_at=day(1))],
        {"golden_customer_id": "GLD-0000001", "source_systems": ["hubspot", "shop"]},
    ),
    "named after the contact that is older": (
        [record(1, **ADA, registered_at=day(1))],
        [contact(151, **ADA, updated_at=day(9))],
        {"golden_customer_id": "GLD-CON-151", "registered_at": 0},
    ),
    "a contact made at an unknown time is as old as its version": (
        [record(1, **ADA, registered_at=day(1))],
        [contact(151, **ADA, created_at=None, updated_at=day(2))],
        {"golden_customer_id": "GLD-0000001", "registered_at": 1},
    ),
    "a contact that says nothing": (
        [],
        [contact(151)],
        dict.fromkeys(("full_name", "email", "country_code", "address_source", "marketing_consent_source"))
        | {"golden_customer_id": "GLD-CON-151", "members": 1, "source_systems": ["hubspot"], "registered_at": 0}
        | {"marketing_consent": False, "valid_from": 0, "is_current": True},
    ),
    "a contact that was made after its version": (
        [],
        [contact(151, created_at=day(9), updated_at=day(2))],
        {"registered_at": 2, "valid_from": 2},
    ),
    "names of the shop are trusted more": (
        [record(1, **ADA)],
        [contact(151, **WRITTEN_DIFFERENTLY, created_at=day(1))],
        {"full_name": "Ada King", "name_source": "CUS-0000001"},
    ),
    "names of the newsletter are trusted more": (
        [record(1, **ADA, source_system="newsletter")],
        [contact(151, **WRITTEN_DIFFERENTLY, created_at=day(1))],
        {"full_name": "Ada King"},
    ),
    "a whole name of a contact": (
        [record(1, **ADA | {"last_name": None})],
        [contact(151, **WRITTEN_DIFFERENTLY, created_at=day(1))],
        {"full_name": "A. Lovelace", "name_source": "CON-151"},
    ),
    "the newest phone": (
        [record(1, **ADA, phone="+49301234567")],
        [contact(151, **ADA, phone="0044 20 7946 0000", created_at=day(1))],
        {"phone": "+442079460000", "phone_source": "CON-151"},
    ),
    "a number that cannot be dialled from abroad": (
        [record(1, **ADA, phone="+49301234567")],
        [contact(151, **ADA, phone="030 1234567", created_at=day(1))],
        {"phone": "+49301234567", "phone_source": "CUS-0000001"},
    ),
    "an address stays whole": (
        [record(1, **ADA, **HOME)],
        [contact(151, **ADA, country="AT", created_at=day(1))],
        HOME | {"country_code": "DE", "address_source": "CUS-0000001"},
    ),
    "the country of a contact": (
        [],
        [contact(151, country=" at ")],
        {"country_code": "AT", "address_source": "CON-151"},
    ),
    "an opt-out refuses": (
        [record(1, **ADA)],
        [contact(151, **ADA, email_opt_out=True)],
        {"marketing_consent": False, "marketing_consent_source": "CON-151"},
    ),
    "no opt-out is no consent": (
        [],
        [contact(151, email_opt_out=False)],
        {"marketing_consent": False, "marketing_consent_source": None},
    ),
    "no opt-out withdraws no refusal": (
        [record(1, **ADA, marketing_consent=False)],
        [contact(151, **ADA, email_opt_out=False, created_at=day(1))],
        {"marketing_consent": False, "marketing_consent_source": "CUS-0000001"},
    ),
    "no opt-out leaves a consent": (
        [record(1, **ADA)],
        [contact(151, **ADA, email_opt_out=False, created_at=day(1))],
        {"marketing_consent": True, "marketing_consent_source": "CUS-0000001"},
    ),
}
"""Records, contacts, and what is now known of the person whose name sorts first."""


def apart(row, number):
    """The row with an e-mail address and a phone number of its case alone."""
    email, phone = row.get("email"), row.get("phone")
    at = email and re.sub("[.]", f"{number}.", email)
    return row | {"email": at, "phone": phone and f"{phone}{number:03d}"}


def identified(row, number):
    """The row with an identifier that begins with the number of its case."""
    name = "customer_id" if "customer_id" in row else "contact_id"
    return row | {name: f"{row[name][:4]}{number:04d}{row[name][4:].zfill(3)[-3:]}"}


def joined(frame):
    """What is known of the first person of each case, by its number; all cases are in one frame."""
    customers, contacts = [], []
    for number, (rows, written, _) in enumerate(JOINED.values(), start=1):
        named = [dict(zip(KATHARINA, row, strict=True)) for row in rows]
        customers += [tuple(identified(apart(row, number), number).values()) for row in named]
        contacts += [identified(apart(row, number), number) for row in written]
    found = {}
    for row in people(frame, customers, contacts):
        if row["is_current"]:
            digits = row["golden_customer_id"].removeprefix("GLD-").removeprefix("CON-")
            found.setdefault(int(digits[:4]), row)
    return found


def of_case(value, number):
    """A value of a result as its case says it."""
    if not isinstance(value, str):
        return value
    return (
        value.replace(f"GLD-{number:04d}", "GLD-0000")
        .replace(f"CUS-{number:04d}", "CUS-0000")
        .replace(f"CON-{number:04d}", "CON-")
    )


def told(row, number):
    days = {name: since(row[name]) for name in ("registered_at", "valid_from")}
    numbers = {"phone": row["phone"] and row["phone"].removesuffix(f"{number:03d}")}
    systems = {"source_systems": list(row["source_systems"])}
    return {name: of_case(value, number) for name, value in (row | days | numbers | systems).items()}


@pytest.mark.parametrize("case", JOINED)
def test_contacts_and_customers_are_people(once, case):
    number, expected = list(JOINED).index(case) + 1, JOINED[case][2]

    row = told(once(joined)[number], number)

    assert {name: row[name] for name in expected} == expected


def test_the_precedence_says_whose_names_are_trusted(frame):
    customers, contacts = [record(1, **ADA)], [contact(151, **WRITTEN_DIFFERENTLY)]

    [row] = people(frame, customers, contacts, CONTACTS_FIRST)

    assert (row["full_name"], row["name_source"]) == ("A. Lovelace", "CON-151")


def test_a_contact_counts_from_its_newest_version_on(frame):
    rows = people(frame, [record(1, **ADA)], [contact(151, **ADA, created_at=day(-9), updated_at=day(3))])

    assert [
        (row["golden_customer_id"], since(row["valid_from"]), since(row["registered_at"]), row["members"])
        for row in rows
    ] == [("GLD-CON-151", 0, 0, 1), ("GLD-CON-151", 3, -9, 2)]


def test_every_table_of_records_has_systems():
    assert contracts.load("dim_customer").table.build.precedence_of_arguments == tuple(SYSTEMS)


# Values as they were written

PHONES = [
    pytest.param("+44 20 7946 0000", "+442079460000", id="blanks"),
    pytest.param("+49-30/1234.567", "+49301234567", id="dashes, dots and slashes"),
    pytest.param("+1 (212) 555-0100", "+12125550100", id="brackets"),
    pytest.param("(+49) 30 1234567", "+49301234567", id="country code in brackets"),
    pytest.param("0049 30 1234567", "+49301234567", id="two zeros"),
    pytest.param("(0049) 30 1234567", "+49301234567", id="two zeros in brackets"),
    pytest.param("+44 (0)20 7946 0000", "+442079460000", id="zero of the country"),
    pytest.param("0044 (0) 20 7946 0000", "+442079460000", id="zero of the country, two zeros"),
    pytest.param("\u00a0+49\u00a030\u20111234567 ", "+49301234567", id="blanks and dashes that do not break"),
    pytest.param("030 1234567", None, id="within a country"),
    pytest.param("(0)30 1234567", None, id="zero in brackets, and no country"),
    pytest.param("49 30 1234567", None, id="country code without a sign"),
    pytest.param("+49 30 1234567 ext. 5", None, id="an extension"),
    pytest.param("+4930123456/57", None, id="an extension, or two numbers, after a slash"),
    pytest.param("+49301234567 +49301234568", None, id="two numbers"),
    pytest.param("+4930", None, id="too short"),
    pytest.param("+4930123456789012", None, id="too long"),
    pytest.param("+0 30 1234567", None, id="no country begins with 0"),
    pytest.param("call me", None, id="words"),
    pytest.param("", None, id="empty"),
    pytest.param(None, None, id="nothing"),
]
COUNTRIES = [
    pytest.param("DE", "DE", id="a code"),
    pytest.param(" gb ", "GB", id="small letters and blanks"),
    pytest.param("Germany", None, id="a name"),
    pytest.param("GER", None, id="three letters"),
    pytest.param("D1", None, id="a digit"),
    pytest.param("ÖS", None, id="letters of no code"),
    pytest.param("", None, id="empty"),
    pytest.param(None, None, id="nothing"),
]


def conformed(frame):
    """(phone and country as they were written: as they are in the record)"""
    phones = [contact(number, phone=case.values[0]) for number, case in enumerate(PHONES)]
    countries = [contact(100 + number, country=case.values[0]) for number, case in enumerate(COUNTRIES)]
    rows = transformed(records, **sources_of(frame, [], [*phones, *countries])).collect()
    return {row["customer_id"]: (row["phone"], row["country_code"]) for row in rows}


@pytest.mark.parametrize(("written", "phone"), PHONES)
def test_a_phone_number_is_kept_where_its_country_is_told(once, written, phone):
    number = [case.values[0] for case in PHONES].index(written)

    assert once(conformed)[f"CON-{number}"][0] == phone


@pytest.mark.parametrize(("written", "code"), COUNTRIES)
def test_a_country_is_kept_where_it_is_a_code(once, written, code):
    number = [case.values[0] for case in COUNTRIES].index(written)

    assert once(conformed)[f"CON-{100 + number}"][1] == code


def test_without_contacts_records_are_those_of_customers(frame):
    rows = [record(1, **ADA, **HOME, phone="+49 1", country_code="de"), record(2, marketing_consent=False)]

    found = transformed(records, **sources_of(frame, rows))

    table = {column.name: column.type for column in contracts.load("customers").table.file_columns}
    assert {field.name: field.dataType.simpleString() for field in found.schema} == {
        name: table[name] for name in RECORD
    }
    kept = sorted(found.drop("registered_at", "updated_at").collect(), key=lambda row: row["customer_id"])
    assert [tuple(row) for row in kept] == [row[:-2] for row in rows]
