"""Reviews: what masking finds and leaves alone, purchases, and which reviews stand, on Spark and on DuckDB."""

import random
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from cartlake import contracts
from cartlake.engine import F, using
from glue_jobs.transforms.file_rows.conforming import conform
from glue_jobs.transforms.file_rows.judging import accepted, judge
from glue_jobs.transforms.personal_data.masking import masked
from glue_jobs.transforms.personal_data.numbers import IBAN_COUNTRIES, OWN_ID
from glue_jobs.transforms.reviews import fct_reviews, mask_personal_data, verified_reviews
from tests.spark.built import built_rows, contract_types, table_rows, types_of, with_lineage
from tests.spark.order_lines import IN_THE_TABLE
from tests.spark.transforming import transformed

pytestmark = pytest.mark.spark

NOON = datetime(2026, 1, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
REVIEW = {
    "review_id": "REV-0000000001",
    "order_id": IN_THE_TABLE["order_id"],
    "customer_id": IN_THE_TABLE["customer_id"],
    "product_id": IN_THE_TABLE["product_id"],
    "purchased_on": date(2026, 1, 20),
    "rating": 4,
    "title": "Fits",
    "body": "Runs small.",
    "reviewed_at": NOON + HOUR,
    "updated_at": NOON + 2 * HOUR,
}


def mask(frame, *texts):
    numbered = frame(list(enumerate(texts)), "number int, text string")
    rows = numbered.select("number", masked(F.col("text")).alias("text")).collect()
    return [row["text"] for row in sorted(rows, key=lambda row: row["number"])]


def check_luhn(digits):
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(number // 10 + number % 10 for number in doubled) % 10 == 0


def check_iban(account):
    letters = account.replace(" ", "").upper()
    return int("".join(str(int(letter, 36)) for letter in letters[4:] + letters[:4])) % 97 == 1


PERSONAL = [
    pytest.param(None, None, id="nothing"),
    pytest.param("", "", id="empty"),
    pytest.param("Great shoes!", "Great shoes!", id="no personal data"),
    pytest.param("Grüße 👟 über alles\n\tok", "Grüße 👟 über alles\n\tok", id="letters beyond ASCII"),
    pytest.param("Mail ada.l+x@mail.example.org.", "Mail [email].", id="address"),
    pytest.param("<ada@example.org>,eve@example.com", "<[email]>,[email]", id="addresses in a list"),
    pytest.param("jörg.müller@bücher.example", "[email]", id="address with umlauts"),
    pytest.param("5 @ 10 euros, me@home", "5 @ 10 euros, me@home", id="at without a domain"),
    pytest.param("call +4930123456 now", "call [phone] now", id="E.164"),
    pytest.param("+49 (0)30 123456, ok", "[phone], ok", id="international with trunk prefix"),
    pytest.param("0033 1 23 45 67 89!", "[phone]!", id="international with zeros"),
    pytest.param("(+1 (212) 555-0123)", "([phone])", id="American, international"),
    pytest.param("(212) 555-0123 / 212.555.0123", "[phone] / [phone]", id="American"),
    pytest.param("(030) 123 45 67; 0171/1234567", "[phone]; [phone]", id="German"),
    pytest.param("01.23.45.67.89", "[phone]", id="French"),
    pytest.param("512 345 678 or 512-345-678", "[phone] or [phone]", id="Polish"),
    pytest.param("0171 2345678 0172 2345678", "[phone]", id="two phones in a row are one mask"),
    pytest.param("+49301234567 5 stars", "[phone] 5 stars", id="a rating after a phone"),
    pytest.param("line\nbreak 0301234567\nend", "line\nbreak [phone]\nend", id="lines"),
    pytest.param("4111111111111111", "[card]", id="card"),
    pytest.param("4111 1111 1111 1111 is mine", "[card] is mine", id="card with spaces"),
    pytest.param("5500-0000-0000-0004", "[card]", id="card with hyphens"),
    pytest.param("3782 822463 10005", "[card]", id="card of 15 digits"),
    pytest.param("4222222222222", "[card]", id="card of 13 digits"),
    pytest.param("6304 0000 0000 0000 000", "[card]", id="card of 19 digits"),
    pytest.param("in 2026 4111 1111 1111 1111 2 x", "in 2026 [card] 2 x", id="numbers around a card"),
    pytest.param("1234 4111111111111111", "1234 [card]", id="number before a card in one piece"),
    pytest.param("4111 1111 1111 1111 5500 0000 0000 0004", "[card] [card]", id="cards in a row"),
    pytest.param("4111111111111111,5500000000000004", "[card],[card]", id="cards in a list"),
    pytest.param("DE89 3704 0044 0532 0130 00 ok", "[iban] ok", id="account"),
    pytest.param("DE89370400440532013000.", "[iban].", id="account in one piece"),
    pytest.param("gb82west12345698765432", "[iban]", id="account in small letters"),
    pytest.param("AT61 1904 3002 3457 3201 FROM ME", "[iban] FROM ME", id="capitals after an account"),
    pytest.param("NO93 8601 1117 947 BE68 5390 0754 7034", "[iban] [iban]", id="accounts in a row"),
    pytest.param("MT84 MALT 0110 0001 2345 MTLC AST0 01S", "[iban]", id="account of 31 characters"),
]
DECOYS = [
    pytest.param("4111 1111 1111 1112", id="card with a wrong digit"),
    pytest.param("4111111111111112", id="card with a wrong digit, in one piece"),
    pytest.param("4111-1111-1111-1112", id="card with a wrong digit, hyphens"),
    pytest.param("411111111111", id="12 digits"),
    pytest.param("41111111111111111111111111", id="26 digits"),
    pytest.param("DE89 3704 0044 0532 0130 01", id="account with a wrong digit"),
    pytest.param("DE89 3704 0044 0532 0130 0", id="account too short"),
    pytest.param("DE893704004405320130000", id="account too long"),
    pytest.param("XX89 3704 0040 0532 0130 00", id="account of no country"),
    pytest.param("ORD-0301234567 ORD-00000A17F3 PRD-00042", id="our identifiers"),
    pytest.param("CUS-0301234 EVT-4111111111111111", id="our identifiers with check digits"),
    pytest.param("1200x800, 200x300x1000 mm, A0301234567", id="sizes and codes"),
    pytest.param("sizes 36 38 40 42, 36/38, EU 42.5", id="sizes of shoes"),
    pytest.param("01.02.2026, 01/02/2026, 2026-02-01 0815, 2026-02-01T08:15:00", id="dates"),
    pytest.param("1 234 567.89 euros, 12.345.678, 0.1234567", id="amounts"),
    pytest.param("100 200 300 pieces", id="numbers in threes"),
]


def masked_cases(frame):
    texts = [case.values[0] for case in PERSONAL + DECOYS]
    return dict(zip(texts, mask(frame, *texts), strict=True))


@pytest.mark.parametrize(("text", "expected"), PERSONAL)
def test_personal_data_is_masked_and_the_text_around_it_stays(once, text, expected):
    assert once(masked_cases)[text] == expected


@pytest.mark.parametrize("text", DECOYS)
def test_what_only_looks_like_personal_data_stays(once, text):
    assert once(masked_cases)[text] == text


def test_a_text_may_hold_any_number_of_everything(frame):
    found = ["ada@example.org", "+4930123456", "4111 1111 1111 1111", "DE89 3704 0044 0532 0130 00"]
    decoys = ["ORD-0301234567", "4111 1111 1111 1112", "DE89 3704 0044 0532 0130 01", "1200x800"]

    [text] = mask(frame, "; ".join((found + decoys) * 30))

    assert text == "; ".join(["[email]", "[phone]", "[card]", "[iban]", *decoys] * 30)


def test_a_long_text_without_a_break_is_no_trouble(frame):
    text = "1 2" * 3_000 + "a" * 1_000 + "1" * 1_000 + "(" * 1_000 + "+" * 1_000 + "a.a" * 1_000 + "@" + "b." * 2_000

    assert mask(frame, text, "x" * 10_000) == [text, "x" * 10_000]


def test_accounts_of_every_country_are_found(frame):
    accounts = [
        account
        for length, countries in IBAN_COUNTRIES.items()
        for country in countries.split()
        for number in range(2, 99)
        if check_iban(account := f"{country}{number:02}{'7A3' * 11}"[:length])
    ]

    assert mask(frame, *accounts) == ["[iban]"] * 89


def raw_review(**changes):
    texts = {name: str(value) for name, value in REVIEW.items()} | {"reviewed_at": "2026-01-21T10:00:00Z"}
    return tuple((texts | {"updated_at": "2026-01-21T10:00:00Z"} | changes).values())


def conformed(frame, *rows):
    table = contracts.load("reviews").table
    schema = f"{contracts.raw_schema(table)}, _corrupt_record string, _source_file string"
    return conform(with_lineage(frame(rows, schema), "run-1", NOON + timedelta(days=7)), table)


def test_masking_leaves_the_columns_of_the_frame_as_they_are(frame):
    read = conformed(frame, raw_review(_corrupt_record=None, _source_file="s3://raw/a.csv"))

    assert types_of(mask_personal_data(read)) == types_of(read)
    assert list(types_of(mask_personal_data(read))) == list(types_of(read))


def test_texts_are_masked_as_read_too_and_nothing_else_is(frame):
    changes = {"title": "ada@example.org", "body": "0301234567", "order_id": "0301234567"}
    read = conformed(frame, raw_review(**changes, _corrupt_record="x,ada@example.org", _source_file="0301234567"))

    [row] = mask_personal_data(read).collect()

    assert (row["title"], row["_raw_title"], row["_corrupt_record"]) == ("[email]", "[email]", "x,[email]")
    assert (row["body"], row["_raw_body"]) == ("[phone]", "[phone]")
    assert (row["order_id"], row["_raw_order_id"], row["_source_file"]) == ("0301234567",) * 3


def test_masked_reviews_are_judged_as_they_will_be_stored(frame):
    read = conformed(frame, raw_review(body="0301234567 " * 900, _corrupt_record=None, _source_file="s3://raw/a.csv"))
    table = contracts.load("reviews").table

    [row] = accepted(judge(mask_personal_data(read), table).persist(), table).collect()

    assert (row["title"], row["body"][:8], row["rating"]) == ("Fits", "[phone] ", 4)


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Nd", "Cs"), exclude_characters="@\0"), max_size=12)
PIECES = st.one_of(
    WORDS,
    st.sampled_from([" ", "-", ".", "/", "(", ")", "+", "0", "00", "1", "@", "a", "ORD-", "DE89", "2026", "[card]"]),
    st.sampled_from(["4111", "1111", "ada@example.org", "+4930123456", "DE89370400440532013000", "0301234567"]),
    st.from_regex(r"[0-9 -]{1,20}", fullmatch=True),
    st.from_regex(OWN_ID, fullmatch=True),
)
in_batches = settings(
    max_examples=6,
    derandomize=True,
    phases=[Phase.generate],  # a batch takes a second: shrinking one would take minutes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)


def batches(values):
    return st.lists(values, min_size=60, max_size=100)


@in_batches
@given(texts=batches(WORDS))
def test_texts_without_digits_and_at_signs_never_change(duckdb_frames, texts):
    with using("duckdb"):
        assert mask(duckdb_frames, *texts) == texts


@in_batches
@given(texts=batches(st.lists(PIECES, max_size=12).map("".join)))
def test_masking_twice_changes_nothing(duckdb_frames, texts):
    with using("duckdb"):
        once = mask(duckdb_frames, *texts)

        assert mask(duckdb_frames, *once) == once


@in_batches
@given(numbers=batches(st.from_regex(r"[1-9][0-9]{9,21}", fullmatch=True)))
def test_of_numbers_in_one_piece_those_are_cards_that_pass_the_check(duckdb_frames, numbers):
    with using("duckdb"):
        found = mask(duckdb_frames, *(f"no. {number}, x" for number in numbers))

    is_card = [13 <= len(number) <= 19 and check_luhn(number) for number in numbers]
    assert found == [f"no. {'[card]' if card else n}, x" for n, card in zip(numbers, is_card, strict=True)]


@in_batches
@given(accounts=batches(st.from_regex(r"(PL[0-9]{26}|FR[0-9]{2}[0-9A-Z]{23})", fullmatch=True)))
def test_of_accounts_those_are_masked_that_pass_the_check(duckdb_frames, accounts):
    valid = [
        f"{a[:2]}{98 - int(''.join(str(int(x, 36)) for x in a[4:] + a[:2] + '00')) % 97:02}{a[4:]}" for a in accounts
    ]
    with using("duckdb"):
        assert mask(duckdb_frames, *accounts) == ["[iban]" if check_iban(account) else account for account in accounts]
        assert mask(duckdb_frames, *valid) == ["[iban]"] * len(valid)


def test_both_engines_mask_alike(spark, duckdb_frames):
    chance = random.Random(7)
    pieces = [" ", " ", "-", ".", "/", "(", ")", "+", "0", "00", "49", "é", "ß", "\n", "a", "ORD-", "DE89", "2026", "@"]
    pieces += ["4111", "1111", "ada@example.org", "+4930123456", "DE89 3704 0044 0532 0130 00", "030", "1234567", "212"]
    texts = ["".join(chance.choices(pieces, k=12)) for _ in range(2_000)]

    with using("duckdb"):
        found = mask(duckdb_frames, *texts)
    with using("spark"):
        assert mask(spark.createDataFrame, *texts) == found
    assert sum("[" in text for text in found) > 500


def verified(frame, reviews, lines):
    return transformed(
        verified_reviews,
        reviews=table_rows(frame, "reviews", *reviews),
        transactions=table_rows(frame, "transactions", *lines),
    )


def line(**changes):
    return IN_THE_TABLE | {"ordered_at": NOON, "updated_at": NOON} | changes


PURCHASES = [
    pytest.param([line()], True, id="bought"),
    pytest.param([line(ordered_at=datetime(2026, 1, 20, 23, 59, 59, 999999, tzinfo=UTC))], True, id="last moment"),
    pytest.param([line(order_status="refunded")], True, id="returned goods were bought"),
    pytest.param([line(order_status="cancelled"), line(line_number=2)], True, id="one of two lines cancelled"),
    pytest.param([], False, id="order not known yet"),
    pytest.param([line(order_status="cancelled")], False, id="cancelled"),
    pytest.param([line(customer_id="CUS-0000001")], False, id="somebody else's order"),
    pytest.param([line(product_id="PRD-00001")], False, id="another product"),
    pytest.param([line(order_id="ORD-0000000009")], False, id="another order"),
    pytest.param([line(ordered_at=NOON + timedelta(days=1))], False, id="another day"),
]


def verified_purchases(frame):
    """{review_id: row}: each case is a review of an order of its own; another order is another of the case's own."""
    reviews, lines = [], []
    for number, case in enumerate(PURCHASES):
        orders = {IN_THE_TABLE["order_id"]: f"ORD-A{number:09}", "ORD-0000000009": f"ORD-B{number:09}"}
        reviews.append(review_of_case(number))
        lines += [row | {"order_id": orders[row["order_id"]]} for row in case.values[0]]
    rows = built_rows(verified(frame, reviews, lines), "review_id")
    assert len(rows) == len(PURCHASES)
    return {row["review_id"]: row for row in rows}


def review_of_case(number):
    return REVIEW | {"review_id": f"REV-{number:010}", "order_id": f"ORD-A{number:09}"}


@pytest.mark.parametrize(("case", "expected"), [pytest.param(n, c.values[1], id=c.id) for n, c in enumerate(PURCHASES)])
def test_a_review_is_verified_by_a_line_of_its_order(once, case, expected):
    row = once(verified_purchases)[f"REV-{case:010}"]

    assert row == review_of_case(case) | {"is_verified_purchase": expected}


def test_every_review_stays_one_however_many_lines_it_has(frame):
    reviews = [REVIEW, REVIEW | {"review_id": "REV-0000000002", "title": None, "body": None}]

    rows = built_rows(verified(frame, reviews, [line(line_number=n) for n in (1, 2, 3)]), "review_id")

    assert [(row["review_id"], row["body"]) for row in rows] == [
        ("REV-0000000001", "Runs small."),
        ("REV-0000000002", None),
    ]


def test_verified_reviews_have_the_columns_of_their_contract_also_when_there_are_none(frame):
    built = verified(frame, [], [line()])

    assert types_of(built) == contract_types("verified_reviews")
    assert built.collect() == []


def facts(frame, *reviews):
    rows = [REVIEW | {"is_verified_purchase": True} | review for review in reviews]
    return transformed(fct_reviews, verified_reviews=table_rows(frame, "verified_reviews", *rows))


def standing(frame, *reviews):
    return [row["review_id"] for row in built_rows(facts(frame, *reviews), "product_id", "customer_id")]


@pytest.mark.parametrize(
    ("changes", "winner"),
    [
        pytest.param({"updated_at": NOON + 3 * HOUR, "reviewed_at": NOON}, "REV-0000000000", id="changed last"),
        pytest.param({"updated_at": NOON + HOUR}, "REV-0000000001", id="changed first"),
        pytest.param({"reviewed_at": NOON + 2 * HOUR}, "REV-0000000000", id="changed together, written last"),
        pytest.param({"is_verified_purchase": False}, "REV-0000000001", id="a tie goes to the greater id"),
        pytest.param({"updated_at": NOON + 3 * HOUR, "is_verified_purchase": False}, "REV-0000000000", id="unverified"),
    ],
)
def test_the_last_word_of_a_customer_on_a_product_stands(frame, changes, winner):
    other = {"review_id": "REV-0000000000"} | changes

    assert standing(frame, {}, other) == standing(frame, other, {}) == [winner]


def test_products_and_customers_each_have_their_reviews(frame):
    others = [
        {"review_id": "REV-0000000002", "product_id": "PRD-99999"},
        {"review_id": "REV-0000000003", "product_id": "PRD-99999", "customer_id": "CUS-9999999"},
    ]

    assert standing(frame, {}, *others) == ["REV-0000000001", "REV-0000000002", "REV-0000000003"]


LENGTHS = [
    pytest.param("Fits", "Runs small.", 15, id="both"),
    pytest.param(None, "Größe", 5, id="no title"),
    pytest.param("👟👟", None, 2, id="no body"),
    pytest.param(None, None, 0, id="neither"),
]


def reviews_of_lengths(frame):
    """Each case is a review of a customer of its own."""
    texts = [dict(zip(("title", "body"), case.values[:2], strict=True)) for case in LENGTHS]
    rows = built_rows(facts(frame, *(each | {"customer_id": f"CUS-{n}"} for n, each in enumerate(texts))))
    return {(row["title"], row["body"]): row["review_length"] for row in rows}


@pytest.mark.parametrize(("title", "body", "length"), LENGTHS)
def test_the_length_of_a_review_is_that_of_its_texts(once, title, body, length):
    assert once(reviews_of_lengths)[title, body] == length


def test_a_product_needs_no_other_product(frame):
    chance = random.Random(3)
    rows = [
        {
            "review_id": f"REV-{number:010}",
            "product_id": f"PRD-0000{chance.randrange(3)}",
            "customer_id": f"CUS-000000{chance.randrange(4)}",
            "updated_at": NOON + chance.randrange(5) * HOUR,
        }
        for number in range(60)
    ]
    whole = built_rows(facts(frame, *rows), "product_id", "customer_id")

    for product in {row["product_id"] for row in rows}:
        some = built_rows(facts(frame, *(row for row in rows if row["product_id"] == product)), "customer_id")
        assert some == [row for row in whole if row["product_id"] == product]


def test_reviews_have_the_columns_of_their_contract_also_when_there_are_none(frame):
    assert types_of(facts(frame)) == contract_types("fct_reviews")
    assert facts(frame).collect() == []
