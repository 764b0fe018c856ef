"""Pages of a table: whatever is equal, and whatever changes or is killed while they are read, each row comes once."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from sources.model import Window
from sources.warehouses.sessions import Session
from sources.warehouses.table import WarehouseTable
from sources.warehouses.values import iso
from tests.unit.sources.test_sync_property import CHANGES, FAULTS, assert_each_version_is_written_once
from tests.unit.sources.warehouses.sqlite import EVENTS, SECRET, SqliteWarehouse
from tests.unit.sources.world import OVERLAP, World

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
DATASET = "redshift_behavior"
PAGE_ROWS = 3

KEYS = st.sampled_from(["a", "A", "a ", "b", "ß", "SS", "c", "C", "d"])
ROWS = st.lists(st.tuples(st.integers(0, 3), KEYS), max_size=20)


def table_of(warehouse, page_rows=PAGE_ROWS):
    session = Session(DATASET, warehouse, "secret", lambda _fresh: SECRET, sleep=lambda _: None)
    return WarehouseTable(DATASET, "events", OVERLAP, session, page_rows)


def event(key, modified, name="view"):
    return {"EVENT_ID": key, "event_at": iso(START), "event_name": name, "loaded_at": iso(modified)}


def equal_to_some_warehouse(row):
    second, key = row
    return second, key.casefold().rstrip()


@given(
    rows=ROWS, collation=st.sampled_from(["BINARY", "NOCASE", "RTRIM"]), since=st.integers(0, 3), cut=st.integers(0, 5)
)
@settings(max_examples=200)
@example(rows=[(1, "a"), (1, "b"), (1, "C"), (1, "c")], collation="NOCASE", since=0, cut=0)
@example(rows=[(1, "a"), (1, "b"), (1, "d"), (1, "d ")], collation="RTRIM", since=0, cut=0)
def test_each_row_of_a_window_is_in_one_page_however_texts_compare(rows, collation, since, cut):
    assume(max(Counter(map(equal_to_some_warehouse, rows)).values(), default=0) <= PAGE_ROWS)
    warehouse = SqliteWarehouse()
    warehouse.create("events", EVENTS, collation)
    warehouse.put("events", *(event(key, START + timedelta(seconds=second)) for second, key in rows))
    window = Window(START + timedelta(seconds=since), START + timedelta(seconds=2))

    read, cursor = [], None
    for _ in range(100):  # as a sync that is killed and gone on with, after every `cut` pages
        for number, page in enumerate(table_of(warehouse).pages(window, cursor)):
            read += [(row["loaded_at"], row["event_id"]) for row in page.rows]
            cursor = page.cursor
            if cursor is None or number == cut:
                break
        if cursor is None:
            break

    expected = [(iso(START + timedelta(seconds=second)), key) for second, key in rows if since <= second <= 2]
    assert Counter(read) == Counter(expected)


class TableWorld(World):
    """The records of the world, in a table: before each statement it has what is visible by then."""

    info = table_of(SqliteWarehouse()).info

    def pages(self, window, cursor):
        warehouse = SqliteWarehouse(self.before_statement)
        warehouse.create("events", EVENTS)
        self.warehouse = warehouse
        for page in table_of(warehouse).pages(window, cursor):
            yield page
            if self.changes:
                self.change(*self.changes.pop(0))

    def before_statement(self, _statement):
        warehouse = self.warehouse
        with self.faults.around():
            self.tick()
        self.warehouse = warehouse  # a rival has its own
        newest = {version.record: version for version in self.versions if version.visible <= self.time}
        warehouse.database.execute("DELETE FROM events")
        warehouse.put("events", *(event(f"{record:03}", version.modified) for record, version in newest.items()))


@given(before=CHANGES, during=CHANGES, between=CHANGES, faults=FAULTS)
@settings(max_examples=100)
def test_each_version_is_written_once_whatever_fails(before, during, between, faults):
    world = TableWorld(faults, during)

    assert_each_version_is_written_once(
        world,
        before,
        between,
        lambda row: (row["event_id"], row["loaded_at"]),
        lambda version: (f"{version.record:03}", iso(version.modified)),
    )
