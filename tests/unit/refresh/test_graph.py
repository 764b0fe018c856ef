"""What a change makes stale, on a small world of tables made for the purpose."""

from datetime import date

import pytest

from cartlake import contracts
from cartlake.contracts import Table
from cartlake.contracts.custom_properties.building import Build
from cartlake.contracts.model import Column, Reference
from cartlake.errors import TerminalError
from cartlake.refresh.day_ranges import ALWAYS, DayRange, of_days
from cartlake.refresh.graph import WHOLE, Graph, GraphError, KeySource, Scope, build_of, days_read


def table(name, *upstreams, replaces="days", key=None, event="day", columns=("day", "id"), references=()):
    build = {"transform": "job.make", "replaces": replaces, "upstreams": upstreams, "key": key} if upstreams else None
    return Table(
        name=name,
        physical_name=f"lake.{name}",
        description="",
        grain="",
        columns=tuple(
            Column(
                c, "date", required=True, primary_key=False, description="", classification=None, tags=(), examples=()
            )
            for c in columns
        ),
        primary_key=("id",),
        version_column=None,
        event_time=event,
        partitioning=(),
        row_rules=(),
        table_rules=(),
        table_properties={},
        references=references,
        build=Build.model_validate(build) if build else None,
    )


def reads(name, how="period", **more):
    return {"table": f"lake.{name}", "reads": how, **more}


class FewTables:
    def __init__(self, *tables):
        self.tables = tables


def graph(*tables):
    return Graph.of([FewTables(*tables)])


def days(*numbers):
    return Scope(days=of_days(date(2026, 1, number) for number in numbers))


def stale(built, **changes):
    found = built.stale({f"lake.{name}": scope for name, scope in changes.items()})
    return {one.table.removeprefix("lake."): one.scope for one in found}


def test_a_change_of_a_day_makes_that_day_stale():
    built = graph(table("events"), table("sums", reads("events")))

    assert stale(built, events=days(3, 7)) == {"sums": days(3, 7)}


def test_what_nothing_is_built_from_makes_nothing_stale():
    built = graph(table("events"), table("others"), table("sums", reads("events")))

    assert stale(built, others=days(3)) == {}


def test_a_table_that_reads_the_day_before_is_stale_the_day_after():
    built = graph(table("events"), table("sessions", reads("events", daysBefore=1, daysAfter=2)))

    assert stale(built, events=days(10)) == {"sessions": days(8, 9, 10, 11)}


def test_a_table_that_reads_all_earlier_days_is_stale_from_the_change_on():
    built = graph(table("rates"), table("lines", reads("rates", "up_to")))

    assert stale(built, rates=days(5)) == {"lines": Scope(days=(DayRange(first=date(2026, 1, 5), last=None),))}


def test_weeks_and_months_are_stale_whole():
    built = graph(
        table("lines"),
        table("weekly", reads("lines"), replaces="weeks"),
        table("monthly", reads("weekly"), replaces="months"),
    )

    assert stale(built, lines=days(1)) == {
        "weekly": Scope(days=(DayRange(first=date(2025, 12, 29), last=date(2026, 1, 4)),)),
        "monthly": Scope(days=(DayRange(first=date(2025, 12, 1), last=date(2026, 1, 31)),)),
    }


def test_keys_are_those_changed_rows_have_and_those_they_had():
    built = graph(
        table("reviews", columns=("day", "sku")),
        table("ratings", reads("reviews", "key", key="sku"), replaces="keys", key="id"),
    )

    assert stale(built, reviews=days(4)) == {
        "ratings": Scope(
            keys=(
                KeySource(table="lake.reviews", key="sku", days=days(4).days),
                KeySource(table="lake.ratings", key="id", days=days(4).days),
            )
        )
    }


def test_keys_that_rows_had_before_are_forgotten_by_then_so_what_is_built_of_keys_is_stale_whole():
    built = graph(
        table("reviews"),
        table("ratings", reads("reviews", "key", key="id"), replaces="keys", key="id"),
        table("cards", reads("ratings", "key", key="id"), replaces="keys", key="id"),
    )

    assert stale(built, reviews=days(4))["cards"] == WHOLE


@pytest.mark.parametrize("how", ["period", "up_to"])
def test_changed_keys_say_nothing_about_days(how):
    built = graph(
        table("reviews"),
        table("ratings", reads("reviews", "key", key="id"), replaces="keys", key="id"),
        table("daily", reads("ratings", how)),
    )

    assert stale(built, reviews=days(4))["daily"] == WHOLE


def test_what_reads_everything_is_stale_whole_and_so_is_what_is_built_from_it():
    built = graph(
        table("lines"), table("ranks", reads("lines", "all"), replaces="all"), table("daily", reads("ranks", "all"))
    )

    assert stale(built, lines=days(4)) == {"ranks": WHOLE, "daily": WHOLE}


def test_changes_of_two_upstreams_add_up():
    built = graph(table("lines"), table("events"), table("both", reads("lines"), reads("events")))

    assert stale(built, lines=days(1), events=days(2)) == {"both": days(1, 2)}


def test_a_built_table_may_be_asked_for_itself():
    built = graph(table("lines"), table("sums", reads("lines")), table("totals", reads("sums")))

    assert stale(built, sums=WHOLE) == {"sums": WHOLE, "totals": WHOLE}


def test_every_table_comes_after_those_it_is_built_from():
    built = graph(table("c", reads("b"), reads("a")), table("b", reads("a")), table("a", reads("raw")), table("raw"))

    found = built.stale({"lake.raw": days(1)})

    assert [(one.table, one.after) for one in found] == [
        ("lake.a", ()),
        ("lake.b", ("lake.a",)),
        ("lake.c", ("lake.b", "lake.a")),
    ]


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        pytest.param([table("a", reads("b")), table("b", reads("a"))], "cycle: lake.*←", id="cycle"),
        pytest.param([table("a", reads("nowhere"))], "lake.nowhere, which no contract describes", id="no upstream"),
        pytest.param([table("a", reads("b")), table("b", event=None)], "names no cartlake.eventTime", id="no period"),
        pytest.param(
            [table("a", reads("b", "key", key="id"), replaces="keys", key="id"), table("b", event=None)],
            "names no cartlake.eventTime",
            id="keys of no period",
        ),
        pytest.param(
            [table("a", reads("b", "key", key="sku"), replaces="keys", key="id"), table("b")],
            "lake.b by sku, which is not a column",
            id="no key",
        ),
        pytest.param(
            [table("a", references=(Reference("id", "b", "number", "quarantine"),)), table("b")],
            "refers to b.number, which no contract describes",
            id="no parent",
        ),
    ],
)
def test_tables_that_cannot_be_built_are_named(tables, words):
    with pytest.raises(GraphError, match=words):
        graph(*tables)


def test_a_wrong_name_lists_the_tables_there_are():
    built = graph(table("lines"), table("sums", reads("lines")))

    assert built.table("sums") is built.table("lake.sums")
    with pytest.raises(TerminalError, match=r"these are: lake[.]sums"):
        built.table("lines")
    with pytest.raises(TerminalError, match="loaded from files"):
        build_of(built.tables["lake.lines"])


@pytest.mark.parametrize(
    ("upstream", "scope", "read"),
    [
        pytest.param(reads("b"), days(3, 4), days(3, 4).days, id="the period"),
        pytest.param(reads("b", daysBefore=1, daysAfter=1), days(3), days(2, 3, 4).days, id="the days around it"),
        pytest.param(
            reads("b", "up_to"), days(3, 9), (DayRange(first=None, last=date(2026, 1, 9)),), id="up to its end"
        ),
        pytest.param(reads("b", "all"), days(3), (ALWAYS,), id="all"),
        pytest.param(reads("b"), WHOLE, (ALWAYS,), id="whole"),
    ],
)
def test_a_scope_says_which_days_of_an_upstream_are_read(upstream, scope, read):
    assert days_read(build_of(table("a", upstream)).upstreams[0], scope) == read


def test_a_scope_reads_like_a_sentence():
    keys = Scope(keys=(KeySource(table="lake.reviews", key="id", days=days(4).days),))

    assert [str(WHOLE), str(days(1, 2, 5)), str(keys)] == [
        "all rows",
        "2026-01-01 to 2026-01-02, 2026-01-05",
        "id of lake.reviews on 2026-01-04",
    ]


def test_the_contracts_of_this_lake_can_be_built():
    order = Graph.of(contracts.load_all()).order

    assert order.index("processed.order_lines") < order.index("curated.sales_daily")
