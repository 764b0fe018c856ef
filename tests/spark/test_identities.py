"""Customer records become people: which match, who is who, and what is known about a person over time."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from cartlake import contracts
from cartlake.engine import F
from glue_jobs.table_refresh.building import transform_of
from glue_jobs.transforms.identities import matching, spelling
from glue_jobs.transforms.identities.clusters import CLUSTER_LIMIT, ROUNDS, customer_identities
from tests.spark.customer_records import HOME, day, record, since, sources_of
from tests.spark.transforming import transformed

pytestmark = pytest.mark.spark

MATCHES = contracts.load("customer_matches").table
IDENTITIES = contracts.load("customer_identities").table
DIMENSION = contracts.load("dim_customer").table
DIM_CUSTOMER = transform_of(DIMENSION)

BIRTH = date(1985, 12, 10)


def matches_of(frame, pairs):
    rows = [(f"CUS-{left:07d}", f"CUS-{right:07d}", "email") for left, right in pairs or [(1, 2)]]
    matches = frame(rows, "left_customer_id string, right_customer_id string, match_key string")
    return matches if pairs else matches.where("1 = 0")


def types(frame):
    return {field.name: field.dataType.simpleString().replace(", ", ",") for field in frame.schema}


def types_of(table):
    return {column.name: column.type for column in table.file_columns}


def found(frame, *rows):
    return transformed(matching.customer_matches, **sources_of(frame, rows)).collect()


def who_is_who(frame, rows, pairs):
    """{number of the record: (golden number, members, state)}"""
    identities = transformed(customer_identities, **sources_of(frame, rows), customer_matches=matches_of(frame, pairs))
    return {
        int(row["customer_id"][4:]): (int(row["golden_customer_id"][4:]), row["members"], row["cluster_state"])
        for row in identities.collect()
    }


def golden(frame, *rows):
    """{number of the record: golden number}, from records alone."""
    pairs = [(int(row["left_customer_id"][4:]), int(row["right_customer_id"][4:])) for row in found(frame, *rows)]
    return {number: name for number, (name, *_) in who_is_who(frame, rows, pairs).items()}


# Matching


MATCHING = {
    "same e-mail": ({"email": "ada@x.org"}, {"email": "ada@x.org"}, "email"),
    "e-mail in other letters": ({"email": "Ada@X.org "}, {"email": "ada@x.org"}, "email"),
    "e-mail with a tag": ({"email": "ada+shop@x.org"}, {"email": "ada@x.org"}, "email"),
    "e-mail, and no name": ({"email": "ada@x.org"}, {"email": "ada@x.org", "first_name": None}, "email"),
    "e-mail, and an initial": ({"email": "ada@x.org"}, {"email": "ada@x.org", "first_name": "K."}, "email"),
    "e-mail, and another last name": ({"email": "ada@x.org"}, {"email": "ada@x.org", "last_name": "Noether"}, "email"),
    "e-mail of a couple": ({"email": "ada@x.org"}, {"email": "ada@x.org", "first_name": "Jürgen"}, None),
    "e-mail, and another birth date": (
        {"email": "ada@x.org", "birth_date": BIRTH},
        {"email": "ada@x.org", "birth_date": date(1985, 10, 12)},
        None,
    ),
    "mailbox of an organisation": ({"email": "info@x.org"}, {"email": "info@x.org"}, None),
    "no e-mail address": ({"email": "none"}, {"email": "none"}, None),
    "no e-mail at all": ({}, {}, None),
    "phone, and a typo": ({"phone": "+49301"}, {"phone": "+49301", "first_name": "Katarina"}, "phone_and_name"),
    "phone, and umlauts": ({"phone": "+49301"}, {"phone": "+49301", "last_name": "MUELLER"}, "phone_and_name"),
    "phone, and lost umlauts": ({"phone": "+49301"}, {"phone": "+49301", "last_name": "Muller"}, "phone_and_name"),
    "phone, and swapped names": (
        {"phone": "+49301"},
        {"phone": "+49301", "first_name": "Mueller", "last_name": "Katharina"},
        "phone_and_name",
    ),
    "phone, and half a first name": (
        {"phone": "+49301"},
        {"phone": "+49301", "first_name": "Katharina Anna"},
        "phone_and_name",
    ),
    "phone of a household": ({"phone": "+49301"}, {"phone": "+49301", "first_name": "Karl"}, None),
    "phone of siblings": (
        {"phone": "+49301", "first_name": "Paul"},
        {"phone": "+49301", "first_name": "Paula"},
        None,
    ),
    "phone and initials": ({"phone": "+49301"}, {"phone": "+49301", "first_name": "K"}, None),
    "phone without a name": ({"phone": "+49301"}, {"phone": "+49301", "first_name": None}, None),
    "phone, and another birth date": (
        {"phone": "+49301", "birth_date": BIRTH},
        {"phone": "+49301", "birth_date": date(1950, 1, 1)},
        None,
    ),
    "phone, birth date and a bad typo": (
        {"phone": "+49301", "birth_date": BIRTH, "first_name": "Jens"},
        {"phone": "+49301", "birth_date": BIRTH, "first_name": "Jen"},
        "phone_and_birth_date",
    ),
    "birth date, name and postal code": (
        {"birth_date": BIRTH, "postal_code": "10115"},
        {"birth_date": BIRTH, "postal_code": "10 115", "last_name": "Mueller"},
        "birth_date_and_name",
    ),
    "birth date and name, but elsewhere": (
        {"birth_date": BIRTH, "postal_code": "10115"},
        {"birth_date": BIRTH, "postal_code": "80331"},
        None,
    ),
    "birth date and name, in another country": (
        {"birth_date": BIRTH, "postal_code": "10115"},
        {"birth_date": BIRTH, "postal_code": "10115", "country_code": "FR"},
        None,
    ),
    "birth date, postal code and a typo": (
        {"birth_date": BIRTH, "postal_code": "10115"},
        {"birth_date": BIRTH, "postal_code": "10115", "first_name": "Katarina", "last_name": "Möller"},
        "birth_date_and_similar_name",
    ),
    "twins": (
        {"birth_date": BIRTH, **HOME},
        {"birth_date": BIRTH, **HOME, "first_name": "Karolina"},
        None,
    ),
    "address and name": (HOME, HOME | {"street": "Hauptstr. 12"}, "address_and_name"),
    "address, and a typo in a long name": (
        HOME | {"first_name": "Christopher"},
        HOME | {"first_name": "Cristopher", "street": "Haupt Strasse 12", "birth_date": BIRTH},
        "address_and_name",
    ),
    "household": (HOME, HOME | {"first_name": "Karl"}, None),
    "sisters": (HOME | {"first_name": "Christina"}, HOME | {"first_name": "Christine"}, None),
    "father and son": (HOME | {"birth_date": BIRTH}, HOME | {"birth_date": date(1950, 1, 1)}, None),
    "another house": (HOME, HOME | {"street": "Hauptstraße 14"}, None),
    "a street without a number": (HOME, HOME | {"street": "Hauptstraße"}, None),
    "a common name and nothing else": ({"city": "Berlin"}, {"city": "Berlin"}, None),
    "names that are not Latin": (
        {"phone": "+49301", "first_name": "Ольга", "last_name": "Иванова"},
        {"phone": "+49301", "first_name": "ольга", "last_name": "ИВАНОВА"},
        "phone_and_name",
    ),
    "names that are not Latin, and similar": (
        {"phone": "+49301", "first_name": "Александр", "last_name": "Иванов"},
        {"phone": "+49301", "first_name": "Александра", "last_name": "Иванов"},
        None,
    ),
}


def keys_by_case(frame):
    """All cases in one frame, each with e-mails, phones and postal codes of its own."""
    rows = []
    for number, (left, right, _) in enumerate(MATCHING.values()):
        for side, changes in enumerate((left, right)):
            apart = {
                "email": changes["email"].replace(".org", f"{number}.org") if changes.get("email") else None,
                "phone": f"{changes['phone']}{number:04d}" if changes.get("phone") else None,
                "postal_code": f"{number}-{changes['postal_code']}" if changes.get("postal_code") else None,
            }
            rows.append(record(2 * number + side, **{**changes, **apart}))
    return {(row["left_customer_id"], row["right_customer_id"]): row["match_key"] for row in found(frame, *rows)}


@pytest.mark.parametrize("case", MATCHING)
def test_a_pair_matches_by_the_first_rule_that_holds(once, case):
    number, expected = list(MATCHING).index(case), MATCHING[case][2]

    pairs = once(keys_by_case)

    assert pairs.get((f"CUS-{2 * number:07d}", f"CUS-{2 * number + 1:07d}")) == expected


def test_records_of_different_cases_do_not_match(once):
    expected = sum(1 for *_, key in MATCHING.values() if key)

    assert len(once(keys_by_case)) == expected


def test_every_rule_is_tried(frame):
    assert {key for *_, key in MATCHING.values() if key} == {rule.name for rule in matching.RULES}


def test_a_match_explains_itself(frame):
    left = HOME | {"email": "a@x.org", "phone": "+49301234"}
    right = {"email": "b@x.org", "phone": "+49301234", "first_name": "Mueller", "last_name": "Katarina"}

    [row] = found(frame, record(2, **right), record(1, **left))

    assert (row["left_customer_id"], row["right_customer_id"]) == ("CUS-0000001", "CUS-0000002")
    assert (row["match_key"], round(Decimal(row["score"]), 3)) == ("phone_and_name", Decimal("0.834"))
    assert row["evidence"] == "email<>, phone=, first_name~0.888, last_name=, names_swapped"


def test_the_newest_version_of_a_record_is_compared(frame):
    was = record(1, email="old@x.org")
    now = record(1, email="new@x.org", updated_at=day(5))

    pairs = found(frame, now, record(2, email="old@x.org"), was, record(3, email="new@x.org"))

    assert [(row["left_customer_id"], row["right_customer_id"]) for row in pairs] == [("CUS-0000001", "CUS-0000003")]


def test_a_record_without_a_name_matches_no_other_by_an_address_of_two_people(frame):
    ada, jens = record(1, email="us@x.org"), record(2, email="us@x.org", first_name="Jens")
    nobody, again = record(3, email="us@x.org", first_name=None), record(4, email="us@x.org")

    pairs = found(frame, ada, jens, nobody, again)

    assert [(row["left_customer_id"], row["right_customer_id"]) for row in pairs] == [("CUS-0000001", "CUS-0000004")]


@pytest.mark.parametrize("surplus", [pytest.param(0, id="full"), pytest.param(1, id="too large")])
def test_a_block_above_the_limit_is_not_compared(frame, surplus):
    size = matching.BLOCK_LIMIT + surplus
    rows = [record(number, email="all@x.org") for number in range(size)]

    pairs = found(frame, *rows)

    assert len(pairs) == (0 if surplus else size * (size - 1) // 2)


def test_what_a_large_block_hides_another_block_finds(frame):
    crowd = [record(number, phone="+49300000", first_name=f"Name{number}") for number in range(60)]

    pairs = found(frame, *crowd, record(98, phone="+49300000", email="a@x.org"), record(99, email="a@x.org"))

    assert [row["match_key"] for row in pairs] == ["email"]


def test_no_records_make_no_matches(frame):
    matches = transformed(matching.customer_matches, **sources_of(frame, []))

    assert matches.collect() == []
    assert types(matches) == types_of(MATCHES)


NAMES = [
    pytest.param("Müller-Lüdenscheidt", "muller ludenscheidt", id="umlauts and a hyphen"),
    pytest.param("MUELLER  LUEDENSCHEIDT ", "muller ludenscheidt", id="umlauts spelt out"),
    pytest.param("Mu\u0308ller", "muller", id="umlauts of two characters"),
    pytest.param("Groß", "gross", id="sharp s"),
    pytest.param("GRO\u1e9e", "gross", id="capital sharp s"),
    pytest.param("Łukasz Şahin Åse Çelik Ñuñez", "lukasz sahin ase celik nunez", id="accents"),
    pytest.param("\u0130BRAH\u0130M", "ibrahim", id="Turkish capital i"),
    pytest.param("O\u2019Neill", "oneill", id="apostrophe"),
    pytest.param("Dr. K.", "dr k", id="dots"),
    pytest.param("\u0391\u03a3", "\u03b1\u03c3", id="Greek capitals have no final sigma"),
    pytest.param("李小龙", "李小龙", id="other scripts stay"),
    pytest.param(" -' ", None, id="nothing left"),
    pytest.param(None, None, id="nothing"),
]


def folded_names(frame):
    names = frame([case.values[:1] for case in NAMES], "name string")
    rows = names.select("name", spelling.letters(F.col("name")).alias("letters")).collect()
    return {row["name"]: row["letters"] for row in rows}


@pytest.mark.parametrize(("text", "letters"), NAMES)
def test_names_are_folded_alike_on_both_engines(once, text, letters):
    assert once(folded_names)[text] == letters


LIKE = [
    pytest.param("anna", "anna", 1000, id="equal"),
    pytest.param("katharina", "katarina", 888, id="rounded down"),
    pytest.param("anna", "otto", 0, id="nothing in common"),
    pytest.param("anna", "anna maria", 860, id="shortened"),
    pytest.param("jan", "jana", 750, id="a longer word is no longer name"),
    pytest.param("a", "anna", 700, id="initial"),
    pytest.param("b", "anna", 0, id="another initial"),
    pytest.param("анна", "анна", 1000, id="equal in another script"),
    pytest.param("анна", "анны", 0, id="not equal in another script"),
    pytest.param("anna", None, None, id="missing"),
]


def likenesses(frame):
    pairs = [pair for case in LIKE for pair in (case.values[:2], case.values[1::-1])]
    rows = frame(pairs, "a string, b string").select("a", "b", spelling.likeness(F.col("a"), F.col("b")).alias("like"))
    return {(row["a"], row["b"]): row["like"] for row in rows.collect()}


@pytest.mark.parametrize(("left", "right", "likeness"), LIKE)
def test_likeness_is_whole_thousandths_and_symmetric(once, left, right, likeness):
    found_likeness = once(likenesses)

    assert (found_likeness[left, right], found_likeness[right, left]) == (likeness, likeness)


# Identities


def chain(length):
    """Records 1 to `length`, each a day younger than the one before, each matching the next."""
    rows = [record(number, registered_at=day(number)) for number in range(1, length + 1)]
    return rows, [(number, number + 1) for number in range(1, length)]


def test_a_record_without_matches_is_a_person(frame):
    assert who_is_who(frame, [record(7)], []) == {7: (7, 1, "alone")}


def test_people_are_named_after_the_record_that_registered_first(frame):
    rows = [record(1, registered_at=day(2)), record(2, registered_at=day(1)), record(3, registered_at=day(3))]

    people = who_is_who(frame, rows, [(1, 3), (2, 3)])

    assert people == dict.fromkeys((1, 2, 3), (2, 3, "merged"))


def test_of_records_registered_at_once_the_smaller_identifier_names_the_person(frame):
    assert who_is_who(frame, [record(2), record(1)], [(1, 2)]) == dict.fromkeys((1, 2), (1, 2, "merged"))


def test_registration_is_the_earliest_of_all_versions(frame):
    rows = [record(1, registered_at=day(2)), record(2, registered_at=day(1))]
    later = record(2, registered_at=day(9), updated_at=day(9))

    assert who_is_who(frame, [*rows, later], [(1, 2)]) == dict.fromkeys((1, 2), (2, 2, "merged"))


def test_a_chain_as_long_as_the_rounds_is_one_person(frame):
    rows, pairs = chain(ROUNDS + 1)

    people = who_is_who(frame, rows, pairs)

    assert set(people.values()) == {(1, ROUNDS + 1, "merged")}


@pytest.mark.parametrize("links", [ROUNDS + 1, 3 * ROUNDS])
def test_records_of_a_longer_chain_stand_alone(frame, links):
    rows, pairs = chain(links + 1)

    people = who_is_who(frame, [*rows, record(99), record(98)], [*pairs, (98, 99)])

    assert people.pop(98) == people.pop(99) == (98, 2, "merged")
    assert people == {number: (number, 1, "overgrown") for number in range(1, links + 2)}


@pytest.mark.parametrize(
    ("records", "state"),
    [
        pytest.param(CLUSTER_LIMIT, "merged", id="as large as allowed"),
        pytest.param(CLUSTER_LIMIT + 1, "overgrown", id="too large"),
    ],
)
def test_a_cluster_grows_up_to_its_limit(frame, records, state):
    rows = [record(number) for number in range(1, records + 1)]

    people = who_is_who(frame, rows, [(1, number) for number in range(2, records + 1)])

    assert {found_state for *_, found_state in people.values()} == {state}
    assert {members for _, members, _ in people.values()} == {records if state == "merged" else 1}


def test_a_cluster_of_several_birth_dates_is_several_people(frame):
    father, son = {"birth_date": date(1950, 1, 1)}, {"birth_date": BIRTH}
    rows = [record(1, **father), record(2), record(3, **son), record(4, **son), record(5)]

    people = who_is_who(frame, rows, [(1, 2), (2, 3), (3, 5), (4, 5)])

    assert people == {
        1: (1, 1, "split"),
        2: (2, 1, "ambiguous"),
        3: (3, 2, "split"),
        4: (3, 2, "split"),
        5: (5, 1, "ambiguous"),
    }


def test_a_record_has_the_rules_it_matches_by(frame):
    rows = [record(number, registered_at=day(number)) for number in (1, 2, 3, 4)]
    matches = [("CUS-0000001", "CUS-0000002", "phone_and_name"), ("CUS-0000002", "CUS-0000003", "email")]

    identities = transformed(
        customer_identities,
        **sources_of(frame, rows),
        customer_matches=frame(matches, "left_customer_id string, right_customer_id string, match_key string"),
    )

    keys = {int(row["customer_id"][4:]): row["match_keys"] for row in identities.collect()}
    assert keys == {1: ["phone_and_name"], 2: ["email", "phone_and_name"], 3: ["email"], 4: None}
    assert types(identities) == types_of(IDENTITIES)


def test_a_younger_record_does_not_change_the_name_of_a_person(frame):
    before = [record(5, email="a@x.org"), record(6, email="a@x.org")]

    assert golden(frame, *before, record(1, email="a@x.org", registered_at=day(1))) == {5: 5, 6: 5, 1: 5}


def test_people_keep_their_names_through_a_merge_and_its_undoing(frame):
    older = [record(5, email="a@x.org"), record(6, email="a@x.org")]
    younger = [record(1, email="b@x.org", registered_at=day(1)), record(7, email="b@x.org", registered_at=day(2))]
    mistake = record(7, email="a@x.org", phone="+4930111", registered_at=day(2), updated_at=day(3))
    shared = record(1, email="b@x.org", phone="+4930111", registered_at=day(1), updated_at=day(3))
    corrected = record(7, email="b@x.org", phone="+4930111", registered_at=day(2), updated_at=day(4))

    merged = golden(frame, *older, *younger, mistake, shared)
    undone = golden(frame, *older, *younger, mistake, shared, corrected)

    assert undone == {5: 5, 6: 5, 1: 1, 7: 1}
    assert merged == dict.fromkeys((5, 6, 1, 7), 5)


def test_a_record_that_leaves_takes_its_own_name(frame):
    joined = [record(5, email="a@x.org"), record(6, email="a@x.org", registered_at=day(1))]
    leaves = record(5, email="b@x.org", updated_at=day(9))

    assert golden(frame, *joined, leaves) == {5: 5, 6: 6}


def test_no_records_make_no_people(frame):
    identities = transformed(customer_identities, **sources_of(frame, []), customer_matches=matches_of(frame, []))

    assert identities.collect() == []
    assert types(identities) == types_of(IDENTITIES)


# The dimension


def dimension(frame, rows, people=None):
    """The dimension of records that are all one person, GLD-0000001, unless `people` says otherwise."""
    people = people or {row[0]: "GLD-0000001" for row in rows}
    return transformed(
        DIM_CUSTOMER,
        **sources_of(frame, rows),
        customer_identities=frame(list(people.items()), "customer_id string, golden_customer_id string"),
    )


def history(frame, *rows, people=None):
    known = dimension(frame, rows, people).where(F.col("golden_customer_id") != F.lit("GLD-UNKNOWN"))
    return [
        row.asDict() | {name: since(row[name]) for name in ("valid_from", "valid_to", "registered_at")}
        for row in known.orderBy("golden_customer_id", "valid_from").collect()
    ]


def told(rows, *names):
    return [tuple(row[name] for name in names) for row in rows]


def test_every_change_of_a_record_begins_a_row(frame):
    rows = history(frame, record(1, city="Berlin"), record(1, city="Bonn", updated_at=day(3)))

    assert told(rows, "city", "valid_from", "valid_to", "is_current") == [
        ("Berlin", 0, 3, False),
        ("Bonn", 3, None, True),
    ]


def test_a_version_that_changes_nothing_makes_no_row(frame):
    same = [record(1, updated_at=day(number)) for number in range(3)]

    rows = history(frame, *same, record(1, city="Bonn", updated_at=day(5)), record(1, updated_at=day(7)))

    assert told(rows, "city", "valid_from", "valid_to") == [(None, 0, 5), ("Bonn", 5, 7), (None, 7, None)]


def test_a_record_counts_from_its_first_version_on(frame):
    younger = record(2, source_system="newsletter", registered_at=day(2), updated_at=day(4))

    rows = history(frame, record(1, registered_at=day(1)), younger)

    assert told(rows, "valid_from", "members", "registered_at") == [(1, 1, 1), (4, 2, 1)]
    assert [list(row["source_systems"]) for row in rows] == [["shop"], ["newsletter", "shop"]]


def test_a_late_version_rewrites_the_history_as_if_it_had_come_in_time(frame):
    first, last = record(1, city="Berlin"), record(1, city="Bonn", updated_at=day(9))
    late = record(1, city="Köln", updated_at=day(4))

    before = history(frame, first, last)
    after = history(frame, first, last, late)

    assert told(before, "city", "valid_to") == [("Berlin", 9), ("Bonn", None)]
    assert told(after, "city", "valid_to") == [("Berlin", 4), ("Köln", 9), ("Bonn", None)]
    assert after == history(frame, late, last, first)
    assert [before[0]["customer_key"], before[1]["customer_key"]] == [
        after[0]["customer_key"],
        after[2]["customer_key"],
    ]


SURVIVING = {
    "newest": ({"email": "a@x.org"}, {"email": "b@x.org"}, {"email": "b@x.org", "email_source": 2}),
    "not null": ({"email": "a@x.org"}, {"email": None}, {"email": "a@x.org", "email_source": 1}),
    "usable e-mail": ({"email": "a@x.org"}, {"email": "b"}, {"email": "a@x.org", "email_source": 1}),
    "nothing known": ({"email": None}, {"email": None}, {"email": None, "email_source": None}),
    "name of the trusted source": (
        {"first_name": "Ada", "last_name": "King"},
        {"source_system": "marketplace", "first_name": "Augusta", "last_name": "Byron"},
        {"full_name": "Ada King", "first_name": "Ada", "last_name": "King", "name_source": 1},
    ),
    "a whole name is never mixed": (
        {"first_name": "Ada", "last_name": None},
        {"source_system": "newsletter", "first_name": "Augusta", "last_name": "Byron"},
        {"full_name": "Augusta Byron", "name_source": 2},
    ),
    "no name": (
        {"first_name": None, "last_name": None},
        {"first_name": None, "last_name": None},
        {"full_name": None, "name_source": None},
    ),
    "birth date of the trusted source": (
        {"birth_date": BIRTH},
        {"source_system": "marketplace", "birth_date": date(1986, 1, 1)},
        {"birth_date": BIRTH, "birth_date_source": 1},
    ),
    "a whole address is never mixed": (
        HOME,
        {"street": None, "postal_code": "80331", "city": "München", "country_code": "AT"},
        HOME | {"country_code": "DE", "address_source": 1},
    ),
    "newest whole address": (HOME, HOME | {"street": "Neue Gasse 1"}, {"street": "Neue Gasse 1", "address_source": 2}),
    "phone": ({"phone": "+49301"}, {"phone": "+49302"}, {"phone": "+49302", "phone_source": 2}),
    "one no is a no": (
        {"marketing_consent": False},
        {"marketing_consent": True},
        {"marketing_consent": False, "marketing_consent_source": 1},
    ),
    "consent of all": (
        {"marketing_consent": True},
        {"marketing_consent": True},
        {"marketing_consent": True, "marketing_consent_source": 2},
    ),
}


def survivors(frame):
    """All cases in one frame, each a person of two records."""
    rows, people = [], {}
    for number, (one, other, _) in enumerate(SURVIVING.values()):
        rows += [record(10 * number + 1, **one), record(10 * number + 2, registered_at=day(1), **other)]
        people |= {row[0]: f"GLD-{number:07d}" for row in rows[-2:]}
    return [row for row in history(frame, *rows, people=people) if row["is_current"]]


@pytest.mark.parametrize("case", SURVIVING)
def test_the_value_that_survives_names_the_record_it_comes_from(once, case):
    number, survivor = list(SURVIVING).index(case), SURVIVING[case][2]

    row = once(survivors)[number]

    expected = {
        name: f"CUS-{10 * number + value:07d}" if name.endswith("_source") and value else value
        for name, value in survivor.items()
    }
    assert {name: row[name] for name in survivor} == expected


def test_newest_is_what_changed_last_not_what_was_sent_last(frame):
    moved_long_ago = [record(1, **HOME), record(1, **HOME, marketing_consent=False, updated_at=day(9))]

    rows = history(frame, *moved_long_ago, record(2, **HOME | {"city": "Bonn"}, registered_at=day(5)))

    assert told(rows, "city", "address_source")[-1] == ("Bonn", "CUS-0000002")


def test_of_equal_values_the_greatest_identifier_wins(frame):
    rows = history(frame, record(2, phone="+49302"), record(1, phone="+49303"))

    assert told(rows, "phone", "phone_source") == [("+49302", "CUS-0000002")]


def test_people_do_not_mix(frame):
    people = {"CUS-0000001": "GLD-0000001", "CUS-0000002": "GLD-0000002"}

    rows = history(frame, record(1, city="Bonn"), record(2, city="Ulm", registered_at=day(1)), people=people)

    assert told(rows, "golden_customer_id", "city", "members") == [
        ("GLD-0000001", "Bonn", 1),
        ("GLD-0000002", "Ulm", 1),
    ]


@pytest.mark.parametrize(
    "rows", [pytest.param([], id="without records"), pytest.param([record(1)], id="with a record")]
)
def test_there_is_one_unknown_customer(frame, rows):
    people = dimension(frame, rows, {"CUS-0000001": "GLD-0000001"})

    [unknown] = people.where(F.col("golden_customer_id") == F.lit("GLD-UNKNOWN")).collect()

    assert unknown["valid_from"].astimezone(UTC) == datetime(1900, 1, 1, tzinfo=UTC)
    assert (unknown["full_name"], unknown["members"], unknown["is_current"]) == ("Unknown", 0, True)
    assert (unknown["marketing_consent"], unknown["valid_to"], unknown["country_code"]) == (False, None, None)
    assert types(people) == types_of(DIMENSION)


def test_a_customer_key_is_the_same_on_every_engine(frame):
    [row] = history(frame, record(1))

    assert row["customer_key"] == "90ac84a69e85934b05f3637d7b469ea235b87a5cc7fb126cda95c79036db0dfb"
