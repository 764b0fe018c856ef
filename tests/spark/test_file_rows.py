"""Rows of files, from text to accepted or quarantined, the same cases on Spark and on DuckDB."""

import dataclasses
import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256

import pytest

from cartlake import contracts
from cartlake.engine import F
from glue_jobs.transforms.file_rows import conforming, judging, steps, versions
from glue_jobs.transforms.file_rows.quarantine import quarantined
from tests.spark.built import with_lineage
from tests.spark.order_lines import AS_WRITTEN

pytestmark = pytest.mark.spark

CONTRACT = contracts.load("transactions")
TABLE = CONTRACT.table
HEADER = [column.name for column in TABLE.file_columns]
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
FILE = "s3://raw/incoming/transactions/a.csv"
RAW_SCHEMA = f"{contracts.raw_schema(TABLE)}, _corrupt_record string, _source_file string"
GOOD = AS_WRITTEN | {"updated_at": "2026-02-28T08:00:00.000001Z"}


def raw(**changes):
    row = GOOD | {"_corrupt_record": None, "_source_file": FILE} | changes
    return tuple(row.values())


def conform(frame, *rows):
    return conforming.conform(with_lineage(frame(rows, RAW_SCHEMA), "run-1", NOW), TABLE)


def judge(frame, *rows):
    return judging.judge(conform(frame, *rows), TABLE).persist()  # as the job does: see the module


def instant(value):
    """Spark gives naive datetimes in the zone of the process, DuckDB aware ones."""
    return value.astimezone(UTC)


def money(value):
    """SQLFrame collects decimals as floats; that the column is a decimal, the test of its types shows."""
    return None if value is None else round(Decimal(value), 2)


def reasons_of(row):
    return row["_broken"].split("|") if row["_broken"] else []


def broken(frame, *rows):
    return [reasons_of(row) for row in judge(frame, *rows).collect()]


@pytest.mark.parametrize(
    ("row", "stored", "lost"),
    [
        pytest.param({"customer_email": None}, {"customer_email": "a@b.org"}, True, id="no version against one"),
        pytest.param({"customer_email": "a@b.org"}, {"customer_email": None}, False, id="a version against none"),
        pytest.param(
            {"customer_email": None, "channel": "web"},
            {"customer_email": None, "channel": "app"},
            False,
            id="neither",
        ),
    ],
)
def test_a_row_without_a_version_loses_and_never_disappears_from_the_counts(frame, row, stored, lost):
    table = dataclasses.replace(TABLE, version_column="customer_email")
    one, other = conform(frame, raw(**row)), conform(frame, raw(**stored))

    newest = versions.newest(one.unionByName(other), table).collect()
    outdated = steps.outdated_rows(one, other, table).collect()

    assert len(outdated) == lost
    won = stored if lost else row
    assert [{name: found[name] for name in won} for found in newest] == [won]


def test_a_good_row_gets_the_types_of_the_contract(frame):
    [row] = judging.accepted(judge(frame, raw()), TABLE).collect()

    values = row.asDict()
    assert [values.pop(name) for name in ("order_id", "line_number", "quantity")] == ["ORD-00000A17F3", 1, 2]
    assert [money(values[name]) for name in ("unit_price", "line_total")] == [Decimal("19.99"), Decimal("41.63")]
    assert instant(values["ordered_at"]) == datetime(2026, 2, 27, 8, tzinfo=UTC)
    assert instant(values["updated_at"]) == datetime(2026, 2, 28, 8, 0, 0, 1, tzinfo=UTC)
    assert instant(values["_ingested_at"]) == NOW
    assert (values["_source_file"], values["_run_id"]) == (FILE, "run-1")


def test_accepted_rows_have_the_types_of_the_contract(frame):
    accepted = judging.accepted(judge(frame, raw()), TABLE)

    types = {field.name: field.dataType.simpleString().replace(", ", ",") for field in accepted.schema}
    assert types == {column.name: column.type for column in TABLE.columns}


TEXTS = [
    pytest.param("quantity", "007", 7, id="leading zeros"),
    pytest.param("quantity", " 7 ", 7, id="spaces around"),
    pytest.param("quantity", "-7", -7, id="sign"),
    pytest.param("quantity", "+7", 7, id="a needless sign"),
    pytest.param("quantity", "1.5", None, id="a fraction is no integer"),
    pytest.param("quantity", "1.0", None, id="nor is a whole fraction"),
    pytest.param("quantity", "1e2", None, id="nor an exponent"),
    pytest.param("quantity", "9999999999", None, id="too large for an int"),
    pytest.param("quantity", "two", None, id="a word"),
    pytest.param("unit_price", "7", Decimal("7.00"), id="no cents"),
    pytest.param("unit_price", "7.5", Decimal("7.50"), id="one digit of cents"),
    pytest.param("unit_price", "7.500", Decimal("7.50"), id="zeros to spare"),
    pytest.param("unit_price", "1.234E7", Decimal("12340000.00"), id="as Java writes a double"),
    pytest.param("unit_price", "7.505", None, id="never rounded"),
    pytest.param("unit_price", "7,50", None, id="decimal comma"),
    pytest.param("unit_price", "12345678901.00", None, id="too large for a decimal"),
    pytest.param("unit_price", "NaN", None, id="not a number"),
    pytest.param("ordered_at", "2026-02-27", datetime(2026, 2, 27, tzinfo=UTC), id="a date is midnight"),
    pytest.param("ordered_at", "2026-02-27 08:00:00", datetime(2026, 2, 27, 8, tzinfo=UTC), id="UTC unless said"),
    pytest.param("ordered_at", "2026-02-27T08:00:00+02:00", datetime(2026, 2, 27, 6, tzinfo=UTC), id="offset"),
    pytest.param("ordered_at", "2026-02-27T08:00:00Z", datetime(2026, 2, 27, 8, tzinfo=UTC), id="Z"),
    pytest.param("ordered_at", "9:30-08:00", None, id="a time of day and a zone"),
    pytest.param("ordered_at", "2026-02-27T08:00+02Z", None, id="two zones"),
    pytest.param("ordered_at", "2026-02-27T08:00:0ZZ", None, id="one zone twice"),
    pytest.param("ordered_at", "08:00:00", None, id="a time alone"),
    pytest.param("ordered_at", "2026", None, id="a year alone"),
    pytest.param("ordered_at", "27/02/2026 08:00", None, id="another order"),
    pytest.param("ordered_at", "2026-13-45T99:00:00Z", None, id="no such month"),
]


def read_texts(frame):
    """{(column, text): value}; a row for each case, in a file of its own."""
    cases = [case.values[:2] for case in TEXTS]
    rows = [raw(**{column: text, "_source_file": str(n)}) for n, (column, text) in enumerate(cases)]
    by_file = {row["_source_file"]: row for row in conform(frame, *rows).collect()}
    return {(column, text): by_file[str(n)][column] for n, (column, text) in enumerate(cases)}


@pytest.mark.parametrize(("column", "text", "value"), TEXTS)
def test_text_becomes_the_value_it_says_or_nothing(once, column, text, value):
    found = once(read_texts)[column, text]
    found = instant(found) if isinstance(found, datetime) else found
    assert (money(found) if column == "unit_price" else found) == value


REFUSED = [
    pytest.param({}, [], id="good"),
    pytest.param({"customer_email": None}, [], id="optional column"),
    pytest.param({"customer_email": "ada"}, [], id="a warning refuses nothing"),
    pytest.param({"customer_id": ""}, ["customer_id_required"], id="empty is missing"),
    pytest.param(
        {"currency": "XXX", "country_code": "de"}, ["country_code_matches_pattern", "currency_is_known"], id="two"
    ),
    pytest.param(
        {"quantity": "two"},
        ["uncastable:quantity", "quantity_required", "line_total_adds_up", "discount_not_above_price"],
        id="uncastable",
    ),
    pytest.param(
        {"quantity": "-2", "line_total": "-38.33"},
        ["quantity_in_range", "line_total_in_range", "discount_not_above_price"],
        id="negative quantity",
    ),
    pytest.param(
        {"ordered_at": "2199-01-01T00:00:00Z", "updated_at": "2199-01-01T00:00:00Z"},
        ["ordered_at_not_in_future", "updated_at_not_in_future"],
        id="year 2199",
    ),
    pytest.param({"_corrupt_record": "a,b", "order_id": None}, ["malformed_row"], id="malformed says only that"),
]


def reasons_by_case(frame):
    rows = [raw(**case.values[0], _source_file=str(n)) for n, case in enumerate(REFUSED)]
    return {row["_source_file"]: reasons_of(row) for row in judge(frame, *rows).collect()}


@pytest.mark.parametrize(("case", "reasons"), [pytest.param(n, c.values[1], id=c.id) for n, c in enumerate(REFUSED)])
def test_a_refused_row_carries_every_reason(once, case, reasons):
    assert once(reasons_by_case)[str(case)] == reasons


def test_every_required_column_is_missed(frame):
    nothing = dict.fromkeys(GOOD)

    [reasons] = broken(frame, raw(**nothing))

    assert {f"{c.name}_required" for c in TABLE.file_columns if c.required} <= set(reasons)


def test_rules_are_counted_with_warnings_and_reasons_beyond_rules(frame):
    rows = [raw(), raw(customer_email="ada"), raw(customer_email="eve", currency="XXX"), raw(_corrupt_record="x")]

    counts = judging.rule_counts(judge(frame, *rows)).collect()

    assert sorted((row["rule"], row["broken"]) for row in counts) == [
        ("currency_is_known", 1),
        ("customer_email_looks_like_an_address", 2),
        ("malformed_row", 1),
    ]


def line(**changes):
    """One accepted row."""
    number = Decimal("1.00")
    row = GOOD | {"line_number": 1, "quantity": 1, "ordered_at": NOW, "updated_at": NOW}
    row |= dict.fromkeys(("unit_price", "discount_amount", "tax_amount", "line_total"), number)
    return tuple((row | {"_ingested_at": NOW, "_source_file": FILE, "_run_id": "run-1"} | changes).values())


def kept_statuses(frame, *rows):
    accepted = frame(rows, contracts.spark_schema_ddl(TABLE))
    repeated = versions.repeated_keys(accepted, TABLE)
    kept = versions.deduplicate(accepted, repeated, TABLE).collect()
    assert sorted(map(str, kept)) == sorted(map(str, versions.newest(accepted, TABLE).collect()))
    return sorted((row["order_id"], row["line_number"], row["order_status"]) for row in kept)


def test_the_newest_version_of_a_key_is_kept_and_other_keys_stay(frame):
    rows = [
        line(order_status="placed", updated_at=NOW),
        line(order_status="shipped", updated_at=NOW + timedelta(hours=2)),
        line(order_status="refunded", updated_at=NOW + timedelta(hours=1)),
        line(order_id="ORD-0000000001"),
        line(line_number=2),
    ]

    assert kept_statuses(frame, *rows) == [
        ("ORD-0000000001", 1, "paid"),
        ("ORD-00000A17F3", 1, "shipped"),
        ("ORD-00000A17F3", 2, "paid"),
    ]


def test_of_equal_versions_the_last_file_wins_whatever_the_order(frame):
    early = line(order_status="paid", _source_file="s3://raw/a.csv")
    late = line(order_status="placed", _source_file="s3://raw/b.csv")

    assert kept_statuses(frame, early, late) == kept_statuses(frame, late, early)
    assert kept_statuses(frame, early, late) == [("ORD-00000A17F3", 1, "placed")]


def test_of_equal_versions_in_one_file_the_choice_is_always_the_same(frame):
    one, other = line(order_status="paid"), line(order_status="placed")

    assert kept_statuses(frame, one, other) == kept_statuses(frame, other, one)


def quarantine(frame, *rows):
    files = frame([(FILE, "file-1")], "_source_file string, file_id string")
    refused = judge(frame, *rows).withColumn("quarantined_at", F.lit(NOW.isoformat()).cast("timestamp"))
    return quarantined(refused, files, CONTRACT.name, CONTRACT.version).collect()


def test_a_quarantined_row_holds_what_was_read(frame):
    [row] = quarantine(frame, raw(), raw(unit_price="7.505", customer_email=None))

    assert json.loads(row["raw_record"]).items() >= (GOOD | {"unit_price": "7.505"}).items() - {
        ("customer_email", GOOD["customer_email"])
    }
    assert row["reasons"][:2] == ["uncastable:unit_price", "unit_price_required"]
    assert (row["file_id"], row["source_file"], row["run_id"]) == ("file-1", FILE, "run-1")
    assert (row["dataset"], row["contract_version"], row["replay_id"]) == ("transactions", CONTRACT.version, None)
    assert instant(row["quarantined_at"]) == NOW


def test_a_row_that_could_not_be_parsed_is_kept_as_text(frame):
    [row] = quarantine(frame, raw(_corrupt_record='a,"b'))

    assert json.loads(row["raw_record"]) == {"_corrupt_record": 'a,"b'}


def test_equal_bad_rows_stay_two_and_get_the_same_ids_each_time(frame):
    rows = [raw(currency="XXX"), raw(currency="XXX"), raw(currency="YYY")]

    first, second = (sorted(row["row_id"] for row in quarantine(frame, *order)) for order in (rows, rows[::-1]))

    assert first == second
    assert len(set(first)) == 3
    assert all(len(row_id) == 64 for row_id in first)


def test_a_quarantined_row_has_the_same_text_and_identifier_on_every_engine(frame):
    """Its identifier is a hash of its text, and a row quarantined by one engine may be replayed by the other."""
    odd = "".join(map(chr, [*range(1, 0x180), 0x2028, 0xFEFF, 0x1F600])) + '"\\/</script>'
    changed = {"customer_email": odd, "unit_price": None, "quantity": "x"}

    [row] = quarantine(frame, raw(**changed))

    written = {name: value for name, value in (GOOD | changed).items() if value is not None}
    text = json.dumps(
        {name: written[name] for name in HEADER if name in written}, ensure_ascii=False, separators=(",", ":")
    )
    expected = re.sub(r"\\u00[01][0-9a-f]", lambda escape: escape[0][:2] + escape[0][2:].upper(), text)
    assert row["raw_record"] == expected
    assert row["row_id"] == sha256(f"file-1\n1\n{expected}".encode()).hexdigest()
