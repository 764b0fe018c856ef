"""What a table must have, what its values become, and what is said when the warehouse or its settings are wrong."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from cartlake import contracts
from sources.errors import CredentialsError, RefusedRequestError, SchemaChangedError, SourceUnavailableError
from sources.model import Window
from sources.registry import SourceSettings, make
from sources.warehouses.layout import layout_of
from sources.warehouses.model import Kind
from sources.warehouses.sessions import ATTEMPTS, Session
from sources.warehouses.snowflake import Snowflake
from sources.warehouses.statements import Statements
from sources.warehouses.values import json_value
from tests.unit.sources.warehouses.sqlite import EVENTS, SECRET, SqliteWarehouse
from tests.unit.sources.warehouses.test_table_property import START, event, table_of

ORDERS = contracts.load("snowflake_orders").table
SET = {"url": "redshift://example.org/shop", "secret": "test/key", "table": "shop.public.events"}


@pytest.fixture
def warehouse():
    warehouse = SqliteWarehouse()
    warehouse.create("events", EVENTS)
    return warehouse


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        pytest.param("order_id", "Zoë\u2028😀", "Zoë\u2028😀", id="unicode"),
        pytest.param("order_id", 17, 17, id="a number where the contract has text"),
        pytest.param("sku", None, None, id="null"),
        pytest.param("unit_price", Decimal("1.10"), "1.10", id="decimal"),
        pytest.param("unit_price", Decimal("1E-7"), "0.0000001", id="small decimal"),
        pytest.param("unit_price", 0.1, "0.1", id="float"),
        pytest.param("unit_price", float("nan"), "NaN", id="no number"),
        pytest.param("quantity", Decimal(3), 3, id="whole decimal"),
        pytest.param("quantity", Decimal("3.5"), "3.5", id="part of a unit"),
        pytest.param("quantity", True, True, id="boolean"),
        pytest.param(
            "ordered_at",
            datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=2))),
            "2025-12-31T23:00:00.000000Z",
            id="zone",
        ),
        pytest.param("ordered_at", datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00.000000Z", id="year 1"),
        pytest.param("ordered_at", date(1969, 7, 20), "1969-07-20", id="date"),
    ],
)
def test_values_become_json_that_loses_nothing(column, value, expected):
    shown = json_value(ORDERS.column(column), value)

    assert (shown, type(shown)) == (expected, type(expected))
    json.dumps(shown)


def test_a_value_that_has_no_json_is_refused():
    with pytest.raises(SchemaChangedError, match="Column sku holds a value of type bytes"):
        json_value(ORDERS.column("sku"), b"x")


def test_columns_are_found_by_name_and_alias_whatever_their_case(warehouse):
    warehouse.put("events", event("a", START))

    [page] = table_of(warehouse).pages(Window(None, START), None)

    [row] = page.rows
    assert list(row) == [column.name for column in contracts.load("redshift_behavior").table.file_columns]
    assert (row["event_id"], row["event_type"], row["loaded_at"]) == ("a", "view", "2026-03-01T08:00:00.000000Z")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        pytest.param({"event_name": None}, "has no column event_type or event_name; it has EVENT_ID", id="gone"),
        pytest.param({"event_type": "TEXT"}, "has event_name and event_type, which are all names", id="twice"),
        pytest.param({"loaded_at": "DATE"}, "loaded_at of events is neither timestamp without", id="only a date"),
        pytest.param({"EVENT_ID": "FLOAT"}, "EVENT_ID of events is neither text nor whole number", id="inexact key"),
    ],
)
def test_a_table_that_does_not_fit_is_refused_before_it_is_read(changed, said):
    warehouse = SqliteWarehouse()
    columns = {name: kind for name, kind in (EVENTS | changed).items() if kind}
    warehouse.create("events", columns)

    with pytest.raises(SchemaChangedError, match=said):
        table_of(warehouse).now()
    with pytest.raises(SchemaChangedError, match=said):
        next(table_of(warehouse).pages(Window(None, START), None))


@pytest.mark.parametrize("missing", ["EVENT_ID", "loaded_at"])
def test_rows_that_no_page_would_have_are_said_so(warehouse, missing):
    warehouse.put("events", event("a", START) | {missing: None})

    with pytest.raises(SchemaChangedError, match="events has rows without loaded_at or EVENT_ID, which no sync would"):
        table_of(warehouse).now()


def test_the_clock_is_that_of_the_warehouse(warehouse):
    assert table_of(warehouse).now() == START


def test_more_equal_rows_than_a_page_are_refused_and_not_lost(warehouse):
    warehouse.put("events", *(event("a", START, f"{number}") for number in range(4)))

    with pytest.raises(SchemaChangedError, match=r"more than 3 rows with the same EVENT_ID and the same loaded_at"):
        next(table_of(warehouse).pages(Window(None, START), None))


def test_a_key_that_no_cursor_can_hold_is_refused(warehouse):
    warehouse.put("events", *(event(f"{number}{'ß' * 400}", START) for number in range(4)))

    with pytest.raises(SchemaChangedError, match="longer than a sync can remember"):
        next(table_of(warehouse).pages(Window(None, START), None))


def test_a_key_of_several_columns_is_compared_column_by_column():
    there = {column.name: Kind.TEXT for column in ORDERS.file_columns}
    layout = layout_of(ORDERS, "T", there | {"updated_at": Kind.INSTANT, "line_number": Kind.INTEGER})
    after = ("2026-03-01T08:00:00.999999Z", "A", "2")

    statement, values = Statements(Snowflake("https://x"), "T").page(layout, Window(None, START), after, 11)

    assert (
        'WHERE "updated_at" < CAST(? AS TIMESTAMP_TZ) AND "updated_at" >= CAST(? AS TIMESTAMP_TZ) AND '
        '("updated_at" >= CAST(? AS TIMESTAMP_TZ) OR ("order_id" > ?) OR '
        '("order_id" = ? AND "line_number" > CAST(? AS NUMBER(38, 0)))) '
        'ORDER BY DATE_TRUNC(\'MICROSECOND\', "updated_at"), "order_id", "line_number" LIMIT 11'
    ) in statement
    assert values == ["2026-03-01T08:00:00.000001Z", after[0], "2026-03-01T08:00:01.000000Z", "A", "A", "2"]


@pytest.mark.parametrize("table", ["", "a.b.c.d", "events; DROP TABLE x", 'a"b', "ORDERS--", "a b", "1a"])
def test_names_of_tables_that_could_be_more_than_a_name_are_refused(table):
    with pytest.raises(RefusedRequestError, match=r"is not a name of a table.*sources\.redshift_behavior\.table"):
        make("redshift_behavior", {"redshift_behavior": SourceSettings(**SET | {"table": table})})


@pytest.mark.parametrize(
    ("changed", "error", "said"),
    [
        pytest.param({"secret": ""}, CredentialsError, r"sources\.redshift_behavior\.secret", id="secret"),
        pytest.param({"url": ""}, RefusedRequestError, r"sources\.redshift_behavior\.url", id="address"),
    ],
)
def test_settings_that_are_missing_are_named(changed, error, said):
    with pytest.raises(error, match=said):
        make("redshift_behavior", {"redshift_behavior": SourceSettings(**SET | changed)})


class Failing(SqliteWarehouse):
    """A warehouse that refuses what it is told to: `planned` are errors of one try each."""

    planned = ()

    def connect(self, secret):
        self.secrets = [*getattr(self, "secrets", []), secret["username"]]
        if self.planned and isinstance(self.planned[0], CredentialsError):
            raise self.planned.pop(0)
        return super().connect(secret)

    def run(self, statement, values):
        if self.planned:
            raise self.planned.pop(0)
        return super().run(statement, values)


def session_of(warehouse, *secrets):
    given = iter(secrets or [SECRET] * 9)
    waits = []
    session = Session("events", warehouse, "test/key", lambda _fresh: next(given), sleep=waits.append)
    return session, waits


def test_connections_that_break_are_opened_again_and_waited_for():
    warehouse = Failing()
    warehouse.planned = [SourceUnavailableError("cut")] * (ATTEMPTS - 1)
    session, waits = session_of(warehouse)

    assert session.run("SELECT 1").rows == [(1,)]
    assert warehouse.opened == ATTEMPTS
    assert [0.5 * 2**n <= wait <= 2**n for n, wait in enumerate(waits)] == [True] * (ATTEMPTS - 1)


def test_a_warehouse_that_stays_away_is_said_so():
    warehouse = Failing()
    warehouse.planned = [SourceUnavailableError("maintenance")] * ATTEMPTS
    session, _ = session_of(warehouse)

    with pytest.raises(SourceUnavailableError, match="events did not answer at 4 tries, at last: maintenance"):
        session.run("SELECT 1")


def test_refused_credentials_are_read_anew_once():
    warehouse = Failing()
    warehouse.planned = [CredentialsError("no")]
    session, _ = session_of(warehouse, SECRET, json.dumps({"username": "renewed"}))

    assert session.run("SELECT 1").rows == [(1,)]
    assert warehouse.secrets == ["lake", "renewed"]


def test_credentials_that_stay_refused_are_said_with_what_to_store():
    warehouse = Failing()
    warehouse.planned = [CredentialsError("no"), CredentialsError("no")]
    session, _ = session_of(warehouse)

    with pytest.raises(
        CredentialsError, match=r"events refuses the credentials: no\. Store a JSON object with username"
    ):
        session.run("SELECT 1")


@pytest.mark.parametrize("value", ["correct horse", "[]", "{}", "7"])
def test_a_secret_of_another_form_is_refused_without_quoting_it(value):
    session, _ = session_of(SqliteWarehouse(), value, value)

    with pytest.raises(CredentialsError, match="The secret test/key is no JSON object of these members") as caught:
        session.run("SELECT 1")
    assert "horse" not in str(caught.value)


def test_a_refused_statement_is_not_tried_again():
    warehouse = SqliteWarehouse()
    session, waits = session_of(warehouse)

    with pytest.raises(RefusedRequestError, match="OperationalError: no such table: nowhere"):
        session.run("SELECT * FROM nowhere")
    assert (warehouse.opened, waits) == (1, [])


def test_a_key_that_is_none_is_refused_without_quoting_it():
    with pytest.raises(CredentialsError, match="no private key in PEM") as caught:
        Snowflake("https://shop.example.org").connect({"username": "x", "private_key": "correct horse"})
    assert "horse" not in str(caught.value)


def test_a_contract_without_a_modification_time_is_said_so():
    payments = contracts.load("stripe_payments").table  # ordered by when a file was received

    with pytest.raises(
        SchemaChangedError, match="contract stripe_payments does not say which column holds the modific"
    ):
        layout_of(payments, "T", {column.name: Kind.TEXT for column in payments.file_columns})


def test_times_of_the_window_are_bound_in_utc():
    layout = layout_of(ORDERS, "T", {c.name: Kind.TEXT for c in ORDERS.file_columns} | {"updated_at": Kind.TIMESTAMP})
    zone = timezone(timedelta(hours=2))
    window = Window(datetime(2026, 1, 1, 2, tzinfo=zone), datetime(2026, 1, 2, tzinfo=UTC))

    _, values = Statements(Snowflake("https://x"), "T").page(layout, window, None, 11)

    assert values == ["2026-01-02T00:00:00.000001Z", "2026-01-01T00:00:00.000000Z"]
