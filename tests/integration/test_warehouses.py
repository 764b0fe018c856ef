"""Tables of servers that speak as Redshift and Snowflake do, through their drivers: changed while they are read."""

import json
import random
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from cartlake.errors import TransientError
from cartlake.ledger.items.leases import LEASE
from cartlake.ledger.sources import SourceLedger
from sources.errors import CredentialsError, RefusedRequestError, SchemaChangedError, SourceUnavailableError
from sources.sync import Syncer
from sources.warehouses.redshift import Redshift
from sources.warehouses.sessions import Session
from sources.warehouses.snowflake import Snowflake
from sources.warehouses.table import WarehouseTable
from sources.warehouses.values import iso
from tests.servers import fakesnow, postgres
from tests.unit.sources.world import Faults, Killed, MemoryFiles, MemoryTable

pytestmark = pytest.mark.integration

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
OVERLAP = timedelta(minutes=10)
PAGE_ROWS = 4


class Shop:
    """A table on a server, its rows, and a reader of it. `put` takes the number of a record and its time."""

    def __init__(self, server):
        self.server, self.secret = server, ""

    def put(self, number, modified, **changed):
        row = self.row(number, modified) | changed
        names, marks = ", ".join(row), ", ".join(self.marks(row))
        self.server.run(f"DELETE FROM {self.table} WHERE {self.key} = {self.marker}", self.key_of(number))
        self.server.run(f"INSERT INTO {self.table} ({names}) VALUES ({marks})", *row.values())

    def marks(self, row):
        return (f"CAST({self.marker} AS {self.columns[name]})" for name in row)

    def source(self, table=None, **options):
        session = Session(self.dataset, self.warehouse(), "test/key", lambda _: self.secret, sleep=lambda _: None)
        return WarehouseTable(self.dataset, table or self.table, OVERLAP, session, PAGE_ROWS, **options)

    def found(self, row):
        return row[self.key.lower()], row[self.modified.lower()]

    def expected(self, number, modified):
        return self.key_of(number), iso(modified)


class RedshiftShop(Shop):
    dataset, table, key, modified, marker = "redshift_behavior", "public.events", "event_id", "loaded_at", "%s"
    columns = {  # noqa: RUF012
        "event_id": "VARCHAR(100)",
        "event_at": "TIMESTAMP",
        "event_name": "VARCHAR(100)",
        "visitor_id": "VARCHAR(100)",
        "customer_id": "BIGINT",
        "page_path": "VARCHAR(500)",
        "sku": "CHAR(8)",
        "event_value": "NUMERIC(14, 2)",
        "order_id": "VARCHAR(100)",
        **dict.fromkeys(("referrer_host", "utm_source", "utm_medium", "utm_campaign"), "VARCHAR(253)"),
        **dict.fromkeys(("device", "user_agent", "country_code"), "VARCHAR(500)"),
        "loaded_at": "TIMESTAMPTZ",
        "unknown_to_us": "FLOAT",
    }
    value, text = "event_value", "event_name"

    def __init__(self, server):
        super().__init__(server)
        self.secret = json.dumps({"username": postgres.USER, "password": postgres.PASSWORD})
        self.create()

    def create(self):
        self.server.run(f"DROP TABLE IF EXISTS {self.table}")
        self.server.run(f"CREATE TABLE {self.table} ({', '.join(f'{n} {t}' for n, t in self.columns.items())})")

    def row(self, number, modified):
        return {
            "event_id": self.key_of(number),
            "event_at": iso(START),
            "event_name": "view",
            "loaded_at": iso(modified),
        }

    def key_of(self, number):
        return f"e-{number}"

    def warehouse(self):
        return Redshift(self.server.url)

    def refuse(self):
        return json.dumps({"username": postgres.USER, "password": "wrong"})


class SnowflakeShop(Shop):
    dataset, table, key, modified, marker = "snowflake_orders", "SHOP.PUBLIC.ORDERS", "ORDER_ID", "UPDATED_AT", "?"
    columns = {  # noqa: RUF012
        "ORDER_ID": "TEXT",
        "LINE_NUMBER": "NUMBER(38, 0)",
        "ORDERED_AT": "TIMESTAMP_TZ",
        "STATUS": "TEXT",
        "CUSTOMER_ID": "TEXT",
        "SKU": "TEXT",
        "QUANTITY": "NUMBER(9, 0)",
        "UNIT_PRICE": "NUMBER(14, 4)",
        "DISCOUNT": "NUMBER(14, 2)",
        "CURRENCY": "TEXT",
        "UPDATED_AT": "TIMESTAMP_NTZ",
        "UNKNOWN_TO_US": "FLOAT",
    }
    value, text = "UNIT_PRICE", "STATUS"

    def __init__(self, server):
        super().__init__(server)
        self.secret = self.secret_of(server.private_key)
        self.create()

    def create(self):
        self.server.run(
            f"CREATE OR REPLACE TABLE {self.table} ({', '.join(f'{n} {t}' for n, t in self.columns.items())})"
        )

    def row(self, number, modified):
        return {
            "ORDER_ID": self.key_of(number),
            "LINE_NUMBER": "1",
            "ORDERED_AT": iso(START),
            "STATUS": "paid",
            "SKU": "SOCK",
            "QUANTITY": "2",
            "UNIT_PRICE": "9.90",
            "CURRENCY": "EUR",
            "UPDATED_AT": iso(modified).removesuffix("Z"),
        }

    def key_of(self, number):
        return f"SF-{number}"

    def warehouse(self):
        return Snowflake(self.server.url, database="SHOP")

    def secret_of(self, key):
        return json.dumps({"username": fakesnow.USER, "private_key": key})

    def refuse(self):
        old = self.server.private_key
        self.server.renew_key()
        return self.secret_of(old)


@pytest.fixture(scope="module")
def redshift_server():
    with pytest.MonkeyPatch.context() as patch, postgres.running_postgres() as server:
        patch.setenv("SSL_CERT_FILE", str(server.certificate))
        yield server


@pytest.fixture(scope="module")
def snowflake_server(tmp_path_factory):
    with fakesnow.running_fakesnow(tmp_path_factory.mktemp("fakesnow")) as server:
        yield server


@pytest.fixture(params=["redshift", "snowflake"])
def shop(request):
    server = request.getfixturevalue(f"{request.param}_server")
    server.wire.cuts.clear()
    server.wire.refused = 0
    return {"redshift": RedshiftShop, "snowflake": SnowflakeShop}[request.param](server)


class Clock:
    """The clock of leases, which a killed sync must wait for."""

    def __init__(self):
        self.time = START

    def __call__(self):
        return self.time


@pytest.fixture
def syncer():
    return syncer_of(Faults())


def syncer_of(faults):
    return Syncer(SourceLedger(MemoryTable(faults)), MemoryFiles(faults), now=Clock(), rows_per_file=5)


def written(shop, syncer):
    return [shop.found(row) for row in syncer.files.rows]


def test_pages_that_end_amid_equal_times_have_each_row_once_and_later_syncs_what_changed(shop, syncer):
    times = {number: START - timedelta(seconds=number // 7) for number in range(17)}
    for number, modified in times.items():
        shop.put(number, modified)

    first = syncer.sync(shop.source())
    shop.put(3, START + timedelta(minutes=1))
    shop.put(99, START)  # it shows late, at a time that was read
    second = syncer.sync(shop.source())
    third = syncer.sync(shop.source())

    later = [shop.expected(3, START + timedelta(minutes=1)), shop.expected(99, START)]
    assert Counter(written(shop, syncer)) == Counter([*(shop.expected(*one) for one in times.items()), *later])
    assert (first.written, second.written, third.written) == (17, 2, 0)
    assert third.watermark == iso(START + timedelta(minutes=1))


def test_a_sync_that_is_killed_after_each_of_its_steps_has_each_version_once(shop):
    """Records change after each page; what is killed goes on five minutes later."""
    chance = random.Random(7)
    for kills in range(0, 18, 3):
        shop.create()
        newest = {number: START + timedelta(seconds=number // 5) for number in range(9)}
        for number, modified in newest.items():
            shop.put(number, modified)
        ever = {shop.expected(*one) for one in newest.items()}
        faults = Faults([(kills, "kill"), (3, "kill")])
        syncer = syncer_of(faults)
        source = Changing(shop.source(), lambda newest=newest, ever=ever: change(shop, chance, newest, ever))

        for _ in range(9):
            with suppress(Killed, TransientError):
                if syncer.sync(source).done:
                    break
            syncer.now.time += LEASE + timedelta(seconds=1)
        faults.planned, source.changed = [], lambda: None
        syncer.sync(source)

        versions = Counter(written(shop, syncer))
        assert [version for version, times in versions.items() if times > 1] == []
        assert {shop.expected(*one) for one in newest.items()} <= set(versions) <= ever


def change(shop, chance, newest, ever):
    number = chance.randrange(12)
    newest[number] = max(newest.values()) + timedelta(seconds=chance.randrange(2))
    shop.put(number, newest[number])
    ever.add(shop.expected(number, newest[number]))


class Changing:
    """A source; `changed` is called after each page."""

    def __init__(self, source, changed):
        self.source, self.changed, self.info, self.now = source, changed, source.info, source.now

    def pages(self, window, cursor):
        for page in self.source.pages(window, cursor):
            yield page
            self.changed()


def test_values_arrive_as_they_are(shop, syncer):
    moment = datetime(1969, 7, 20, 20, 17, 40, 123456, tzinfo=UTC)
    names = {name.casefold(): name for name in shop.columns}
    text = {names["sku"]: None, shop.value: "0.10"}
    shop.put("Zoë 'x' ?😀", moment, **text)
    shop.put("plain", moment, **{shop.value: None, names["sku"]: "ab", names["customer_id"]: "42"})

    syncer.sync(shop.source())

    odd, plain = sorted(syncer.files.rows, key=lambda row: row["customer_reference"] is not None)
    assert shop.found(odd) == (shop.key_of("Zoë 'x' ?😀"), "1969-07-20T20:17:40.123456Z")
    assert (odd["sku"], plain["sku"].strip(), plain[shop.value.lower()]) == (None, "ab", None)
    assert odd[shop.value.lower()] in {"0.10", "0.1000"}
    assert plain["customer_reference"] in {42, "42"}
    assert "unknown_to_us" not in odd


def test_connections_that_are_cut_or_refused_lose_and_double_nothing(shop, syncer):
    for number in range(40):
        shop.put(number, START, **{shop.text: "x" * 50})
    shop.server.wire.cuts = [200, 1500, 3500, 3000]
    shop.server.wire.refused = 1

    syncer.sync(shop.source())

    assert Counter(written(shop, syncer)) == Counter(shop.expected(number, START) for number in range(40))
    assert shop.server.wire.cuts == []


def test_a_server_that_stays_away_is_said_so(redshift_server, syncer):
    shop = RedshiftShop(redshift_server)
    shop.put(1, START)
    shop.server.wire.refused = 4

    with pytest.raises(SourceUnavailableError, match="redshift_behavior did not answer at 4 tries"):
        syncer.sync(shop.source())
    syncer.sync(shop.source())

    assert written(shop, syncer) == [shop.expected(1, START)]


def test_credentials_that_are_refused_are_said_so_and_new_ones_go_on(shop, syncer):
    shop.put(1, START)
    right, shop.secret = shop.secret, shop.refuse()

    with pytest.raises(CredentialsError, match=f"{shop.dataset} refuses the credentials: .*put-secret-value"):
        syncer.sync(shop.source())
    assert written(shop, syncer) == []

    shop.secret = shop.secret_of(shop.server.private_key) if isinstance(shop, SnowflakeShop) else right
    syncer.sync(shop.source())
    assert written(shop, syncer) == [shop.expected(1, START)]


def test_a_table_or_a_column_that_is_gone_is_said_so(shop, syncer):
    with pytest.raises(SchemaChangedError, match=r"(?i)nowhere.*setting `sources`"):
        syncer.sync(shop.source(f"{shop.table}_nowhere"))

    shop.server.run(f"ALTER TABLE {shop.table} DROP COLUMN sku")
    with pytest.raises(SchemaChangedError, match="has no column sku or product_id"):
        syncer.sync(shop.source())
    assert written(shop, syncer) == []


def test_rows_without_a_time_are_said_so(shop, syncer):
    shop.put(1, START, **{shop.modified: None})

    with pytest.raises(SchemaChangedError, match="has rows without"):
        syncer.sync(shop.source())


def test_a_statement_that_is_refused_is_not_tried_again(shop):
    before = shop.server.wire.connections
    session = shop.source().session

    with pytest.raises(RefusedRequestError, match="refuses a statement"):
        session.run("SELEC 1")
    assert shop.server.wire.connections - before <= 2
