"""What `lake tables apply` decides: which views there should be, which new tables are built, and when it waits."""

from contextlib import nullcontext

import pytest

from cartlake import contracts
from cartlake.errors import TerminalError
from cartlake_cli.errors import CommandError
from cartlake_cli.migrations.changes import TableChange
from cartlake_cli.operations import catalog

RUN = "transactions-20260131T083000-aaaaaa"
REFRESH = "refresh-20260131T083000-aaaaaa"


@pytest.mark.parametrize(
    ("written", "to_build"),
    [
        pytest.param(set(), ["calendar"], id="nothing was written: only the table that reads no other"),
        pytest.param({"events"}, ["calendar", "sums"], id="an upstream has rows"),
        pytest.param({"events", "sums", "calendar"}, ["totals"], id="tables that have rows are left alone"),
        pytest.param({"events", "sums", "calendar", "totals"}, [], id="nothing is new"),
    ],
)
def test_new_tables_are_built_once_their_upstreams_have_rows(few_tables, written, to_build):
    found = catalog.tables_to_build(few_tables, lambda name: name.removeprefix("processed.") not in written)

    assert sorted(found) == [f"processed.{name}" for name in to_build]


class Catalog:
    """A catalog in which only these tables were written."""

    def __init__(self, *written):
        self.written, self.loaded = written, []

    def load_table(self, identifier):
        self.loaded.append(".".join(identifier))
        return self

    def current_snapshot(self):
        return object() if self.loaded[-1] in self.written else None


@pytest.fixture
def build(lake, few_tables):
    """Build what a catalog with these written tables needs; the catalog afterwards."""

    def run(*written):
        found = Catalog(*(f"processed.{name}" for name in written))
        catalog._build_new_tables(lake, found)
        return found

    return run


def test_new_tables_are_marked_stale_and_the_refresh_is_started(lake, others, build):
    build("events", "calendar")

    assert [mark.table for mark in lake.ledger.stale.pending()] == ["processed.sums"]
    assert len(others.invoked) == 1


def test_where_every_table_was_built_no_refresh_is_started(lake, others, build):
    build("events", "calendar", "sums", "totals")

    assert (lake.ledger.stale.pending(), others.invoked) == ([], [])


def test_the_metadata_of_a_table_is_loaded_once(build):
    loaded = build().loaded

    assert len(loaded) == len(set(loaded)) > 0


def currency(before, after):
    return TableChange("processed.order_lines", "set_property", "cartlake.currency", before, after)


@pytest.fixture
def apply(lake, others, monkeypatch):
    """Apply changes of tables; what is marked stale by then, and how often a refresh was started, before and after."""

    def run(*planned, fail=False):
        seen = []

        def migrated(_catalog, _contracts, _placement, allow):
            allow(planned)
            seen.append(([mark.table for mark in lake.ledger.stale.pending()], len(others.invoked)))
            if fail:
                raise TerminalError("the commit failed")
            return list(planned)

        monkeypatch.setattr("cartlake_cli.migrations.migrate.apply", migrated)
        monkeypatch.setattr(lake, "connect", lambda: None)
        monkeypatch.setattr(catalog, "load_catalog", lambda: None)
        monkeypatch.setattr(catalog, "_build_new_tables", lambda *_: None)
        monkeypatch.setattr(catalog, "athena_of", lambda _: None)
        monkeypatch.setattr(catalog.views, "apply", lambda *_: [])
        monkeypatch.setattr(catalog, "expected_views", lambda _: [])
        with pytest.raises(TerminalError) if fail else nullcontext():
            catalog.apply_changes(lake)
        return [*seen, ([mark.table for mark in lake.ledger.stale.pending()], len(others.invoked))]

    return run


def test_a_table_of_another_currency_is_marked_before_it_is_changed_and_rebuilt_after(apply):
    assert apply(currency("EUR", "USD")) == [(["processed.order_lines"], 0), (["processed.order_lines"], 1)]


def test_a_table_that_could_not_be_changed_stays_marked(apply):
    assert apply(currency("EUR", "USD"), fail=True)[-1] == (["processed.order_lines"], 0)


def test_a_currency_that_is_recorded_for_the_first_time_rebuilds_nothing(apply):
    assert apply(currency(None, "EUR")) == [([], 0), ([], 0)]


def dropped_column(table):
    return TableChange(table, "drop_column", "note", "string", None, is_breaking=True)


@pytest.mark.parametrize(
    ("subject", "run_id", "table"),
    [
        pytest.param("transactions", RUN, "processed.transactions", id="the run that loads the table"),
        pytest.param("refresh", REFRESH, "processed.transactions", id="the refresh that reads the table"),
        pytest.param("refresh", REFRESH, "curated.sales_daily", id="the refresh that builds the table"),
    ],
)
def test_a_column_is_not_dropped_under_a_running_run(lake, subject, run_id, table):
    lake.ledger.locks.acquire(subject, run_id)

    with pytest.raises(CommandError, match=rf"Nothing was changed: run {run_id} is running, .* of {table} would"):
        catalog.check_no_run_writes(lake, [dropped_column(table)])


def test_other_changes_do_not_wait_for_runs(lake):
    lake.ledger.locks.acquire("transactions", RUN)
    added = TableChange("processed.transactions", "add_column", "note", None, "string")

    catalog.check_no_run_writes(lake, [added, dropped_column("processed.vendors")])


def test_views_are_those_of_files_and_those_of_the_contracts(lake, tmp_path):
    folder = tmp_path / "athena_queries" / "views"
    folder.mkdir(parents=True)
    (folder / "curated.daily.sql").write_text("create or replace view curated.daily as\nselect 1 as one;\n")
    lake.root = tmp_path

    first, second, *masked = catalog.expected_views(lake)

    assert (first.database, first.name) == ("curated", "daily")
    assert (second.database, second.name) == ("ops", "table_freshness")
    personal = {
        f"{table.bare_name}_masked"
        for contract in contracts.load_all()
        for table in contract.tables
        if any(column.pii for column in table.columns)
    }
    assert {view.name for view in masked} == personal
