"""Sessions of people and their funnel: the same cases on Spark and on DuckDB, and against plain Python."""

import random
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from itertools import count, groupby

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from cartlake import contracts
from cartlake.engine import F, using
from glue_jobs.table_refresh.building import transform_of
from glue_jobs.transforms.sessions import STAGES, conversion_funnel
from glue_jobs.transforms.traffic import attribution, robots
from tests.spark.built import built_rows, contract_types, table_rows, types_of
from tests.spark.transforming import transformed

pytestmark = pytest.mark.spark

DAY = date(2026, 2, 27)
NEXT_DAY = date(2026, 2, 28)
NOON = datetime(2026, 2, 27, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 2, 28, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HALF_AN_HOUR = timedelta(minutes=30)
JUST = timedelta(microseconds=1)
VISITOR = "VIS-0000A17F30B2"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"


def event(at, number=None, **changes):
    """A page view by VISITOR at `at`. Its number makes its event_id; by default later events have higher ones."""
    number = int(at.timestamp()) if number is None else number
    usual = {
        "event_id": f"EVT-{number:016X}",
        "event_at": at,
        "event_type": "page_view",
        "visitor_id": VISITOR,
        "page_path": "/",
        "device": "mobile",
        "user_agent": FIREFOX,
        "country_code": "DE",
        "received_at": at,
    }
    return usual | changes


def every(gap, count, start=NOON, **changes):
    return [event(start + place * gap, **changes) for place in range(count)]


SESSIONS = transform_of(contracts.load("fct_sessions").table)


def sessions_of(frame, *events, behavior=()):
    return transformed(
        SESSIONS,
        clickstream=table_rows(frame, "clickstream", *events),
        redshift_behavior=table_rows(frame, "redshift_behavior", *behavior),
    )


def sessions(frame, *events):
    return built_rows(sessions_of(frame, *events), "visitor_id", "started_at")


def spans(frame, *events):
    return [(row["started_at"], row["ended_at"], row["events"]) for row in sessions(frame, *events)]


def sessions_by_case(frame, cases):
    """The sessions of every case, with one build for all: each case is a visitor of its own."""
    visitors = {f"VIS-{number:012}": name for number, name in enumerate(cases)}
    numbers = count()
    events = [
        row | {"visitor_id": visitor, "event_id": f"EVT-{next(numbers):016X}"}
        for visitor, name in visitors.items()
        for row in cases[name]
    ]
    rows = sessions(frame, *events)
    return {name: [row for row in rows if row["visitor_id"] == visitor] for visitor, name in visitors.items()}


def test_sessions_have_the_columns_of_their_contract_also_when_there_are_none(frame):
    built = sessions_of(frame)

    assert types_of(built) == contract_types("fct_sessions")
    assert built.collect() == []


def test_a_session_sums_its_events(frame):
    shoe, lamp = {"product_id": "PRD-00042"}, {"product_id": "PRD-00007"}
    found = {"utm_source": "Google ", "utm_medium": "CPC", "utm_campaign": "Spring", "referrer_host": "www.google.com"}
    [row] = sessions(
        frame,
        event(NOON, page_path="/", device="tablet", country_code="SE"),
        event(NOON + 1 * MINUTE, event_type="search", page_path="/s", **found),
        event(NOON + 2 * MINUTE, event_type="product_view", **shoe, referrer_host="www.bing.com"),
        event(NOON + 3 * MINUTE, event_type="product_view", **lamp),
        event(NOON + 4 * MINUTE, event_type="product_view", **shoe, customer_id="CUS-0000001"),
        event(NOON + 5 * MINUTE, event_type="add_to_cart", **shoe, customer_id="CUS-0000002"),
        event(NOON + 6 * MINUTE, event_type="checkout"),
        event(NOON + 7 * MINUTE, event_type="purchase", order_id="ORD-0000000009"),
        event(NOON + 8 * MINUTE, event_type="purchase", order_id="ORD-0000000001"),
        event(NOON + 9 * MINUTE, event_type="purchase", order_id="ORD-0000000001"),
        event(NOON + 9 * MINUTE + 1.9 * SECOND, number=2**60, page_path="/bye"),
    )

    digest = sha256(f"{VISITOR}|EVT-{int(NOON.timestamp()):016X}".encode()).hexdigest()
    assert row == {
        "session_date": DAY,
        "session_id": f"SES-{digest[:16].upper()}",
        "visitor_id": VISITOR,
        "customer_id": "CUS-0000002",
        "started_at": NOON,
        "ended_at": NOON + 9 * MINUTE + 1.9 * SECOND,
        "duration_seconds": 541,
        "events": 11,
        "page_views": 2,
        "searches": 1,
        "product_views": 3,
        "products_viewed": 2,
        "cart_additions": 1,
        "checkouts": 1,
        "purchases": 2,
        "order_id": "ORD-0000000009",
        "landing_page": "/",
        "exit_page": "/bye",
        "device": "tablet",
        "country_code": "SE",
        "channel": "paid_search",
        "source": "google",
        "medium": "cpc",
        "campaign": "Spring",
        "deepest_stage": "purchase",
        "is_bounce": False,
    }


def test_a_single_event_is_a_bounce_of_an_anonymous_visit(frame):
    [row] = sessions(frame, event(NOON, event_type="search"))

    assert (row["is_bounce"], row["duration_seconds"], row["deepest_stage"]) == (True, 0, "visit")
    assert (row["customer_id"], row["order_id"], row["campaign"]) == (None, None, None)
    assert (row["channel"], row["source"], row["medium"]) == ("direct", "(direct)", "(none)")
    assert (row["products_viewed"], row["purchases"], row["page_views"], row["searches"]) == (0, 0, 0, 1)


def test_more_than_30_minutes_of_silence_end_a_session(frame):
    gaps = {"less": HALF_AN_HOUR - JUST, "exactly": HALF_AN_HOUR, "more": HALF_AN_HOUR + JUST}

    found = sessions_by_case(frame, {name: [event(NOON), event(NOON + gap)] for name, gap in gaps.items()})

    assert {name: len(rows) for name, rows in found.items()} == {"less": 1, "exactly": 1, "more": 2}


def test_visitors_have_sessions_of_their_own(frame):
    rows = sessions(frame, event(NOON), event(NOON, visitor_id="VIS-0000A17F30B3"), event(NOON + MINUTE))

    assert [(row["visitor_id"][-1], row["events"]) for row in rows] == [("2", 2), ("3", 1)]
    assert len({row["session_id"] for row in rows}) == 2


def test_events_of_one_instant_are_ordered_by_their_ids(frame):
    first = event(NOON, 1, page_path="/a", customer_id="CUS-0000002", utm_source="b", device="desktop")
    last = event(NOON, 2, page_path="/b", customer_id="CUS-0000001", utm_source="a", device="mobile")

    [row] = sessions(frame, last, first)

    assert [row] == sessions(frame, first, last)
    assert (row["landing_page"], row["exit_page"], row["device"]) == ("/a", "/b", "desktop")
    assert (row["customer_id"], row["source"]) == ("CUS-0000001", "b")


AGENTS = {
    "Googlebot": ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", True),
    "Facebot": ("facebookexternalhit/1.1 Facebot", True),
    "spider": ("Baiduspider", True),
    "capitals": ("Some CRAWLER", True),
    "headless browser": ("Mozilla/5.0 HeadlessChrome/140.0", True),
    "curl": ("curl/8.5.0", True),
    "python-requests": ("python-requests/2.32", True),
    "browser": (FIREFOX, False),
    "a phone by Cubot": ("Mozilla/5.0 (Linux; Android 13; CUBOT NOTE 50)", False),
    "no user agent": (None, False),
    "empty user agent": ("", False),
}


def test_robots_name_themselves(frame):
    cases = {name: [event(NOON, user_agent=agent), event(NOON + MINUTE)] for name, (agent, _) in AGENTS.items()}

    found = sessions_by_case(frame, cases)

    assert {name: not rows for name, rows in found.items()} == {name: robot for name, (_, robot) in AGENTS.items()}


SPREAD = timedelta(seconds=4)  # 15 events a minute


BUSY = {
    "60 events in a minute": (every(SECOND, 60), False),
    "61 events in a minute": ([*every(SECOND, 60), event(NOON + JUST, 1)], True),
    "61 events in a minute and the next": (every(SECOND, 61, NOON + 30 * SECOND), False),
    "2000 events a day": (every(SPREAD, 2_000), False),
    "2001 events a day": (every(SPREAD, 2_001), True),
    "19 hours of a day": (every(60 * MINUTE, 19, MIDNIGHT), False),
    "20 hours of a day": (every(60 * MINUTE, 20, MIDNIGHT), True),
    "12 hours of two days each": (every(60 * MINUTE, 24, NOON), False),
}


def test_robots_are_busier_than_people(frame):
    found = sessions_by_case(frame, {name: events for name, (events, _) in BUSY.items()})

    assert {name: not rows for name, rows in found.items()} == {name: robot for name, (_, robot) in BUSY.items()}


def test_a_robot_is_one_for_its_utc_day_only_and_for_no_other_visitor(frame):
    found = spans(
        frame,
        event(MIDNIGHT - 2 * MINUTE, user_agent="curl/8"),
        event(MIDNIGHT - MINUTE),
        event(MIDNIGHT),
        event(MIDNIGHT - MINUTE, visitor_id="VIS-FFFFFFFFFFFF"),
    )

    assert found == [(MIDNIGHT, MIDNIGHT, 1), (MIDNIGHT - MINUTE, MIDNIGHT - MINUTE, 1)]


LINKS = {
    "nothing": ({}, ("direct", "(direct)", "(none)")),
    "empty": ({"utm_source": "", "referrer_host": " "}, ("direct", "(direct)", "(none)")),
    "a campaign alone says nothing": ({"utm_campaign": "x"}, ("direct", "(direct)", "(none)")),
    "paid search": ({"utm_source": "google", "utm_medium": "cpc"}, ("paid_search", "google", "cpc")),
    "by medium": ({"utm_source": "x", "utm_medium": "paid_search"}, ("paid_search", "x", "paid_search")),
    "paid social": ({"utm_source": "meta", "utm_medium": "ppc"}, ("paid_social", "meta", "ppc")),
    "display": ({"utm_source": "blog", "utm_medium": "banner"}, ("display", "blog", "banner")),
    "display by price": ({"utm_source": "blog", "utm_medium": "cpm"}, ("display", "blog", "cpm")),
    "paid otherwise": ({"utm_source": "blog", "utm_medium": "cpa"}, ("paid_other", "blog", "cpa")),
    "email": ({"utm_source": "newsletter", "utm_medium": "email"}, ("email", "newsletter", "email")),
    "medium before site": ({"utm_source": "google", "utm_medium": "email"}, ("email", "google", "email")),
    "affiliate": ({"utm_medium": "affiliate"}, ("affiliate", "(not set)", "affiliate")),
    "social by medium": ({"utm_source": "x", "utm_medium": "social"}, ("social", "x", "social")),
    "social by host": ({"referrer_host": "m.facebook.com"}, ("social", "m.facebook.com", "referral")),
    "social by short host": ({"referrer_host": "t.co"}, ("social", "t.co", "referral")),
    "no x.com in netflix": ({"referrer_host": "netflix.com"}, ("referral", "netflix.com", "referral")),
    "search": ({"referrer_host": "WWW.Google.de"}, ("organic_search", "www.google.de", "organic")),
    "referral": ({"referrer_host": "notgoogle.com"}, ("referral", "notgoogle.com", "referral")),
    "a source alone": ({"utm_source": "blog"}, ("other", "blog", "(not set)")),
    "a search engine alone": ({"utm_source": "bing"}, ("organic_search", "bing", "(not set)")),
    "an unknown medium": ({"utm_source": "a", "utm_medium": "qr"}, ("other", "a", "qr")),
}


def test_a_session_belongs_to_the_channel_its_link_says(frame):
    found = sessions_by_case(frame, {name: [event(NOON, **link)] for name, (link, _) in LINKS.items()})

    attributed = {name: (row["channel"], row["source"], row["medium"]) for name, [row] in found.items()}
    assert attributed == {name: expected for name, (_, expected) in LINKS.items()}


def test_channels_are_those_of_the_contract():
    column = next(c for c in contracts.load("fct_sessions").table.columns if c.name == "channel")

    documented = {line.split("`")[1] for line in attribution.__doc__.splitlines() if line.startswith("| `")}
    [rule] = [r for r in contracts.load("fct_sessions").table.row_rules if r.name == f"{column.name}_is_known"]
    assert all(f"'{name}'" in rule.broken for name in documented)
    assert len(documented) == rule.broken.count("'") / 2


# -- what a day needs of its neighbours


def day_of(row):
    return row["event_at"].date()


def recomputed(frame, events, days):
    """The sessions of the days, each day built from itself and its neighbours alone."""
    rows = []
    for day in days:
        near = [row for row in events if abs((day_of(row) - day).days) <= 1]
        rows += [row for row in sessions(frame, *near) if row["session_date"] == day]
    return sorted(rows, key=lambda row: (row["visitor_id"], row["started_at"]))


def assert_refreshed(frame, before, after):
    """Recomputing only the stale days, the changed ones and their neighbours, gives what a rebuild gives."""
    changed = {day_of(row) for row in (*before, *after) if (row in before) != (row in after)}
    stale = {day + timedelta(days=offset) for day in changed for offset in (-1, 0, 1)}

    read = {day + timedelta(days=offset) for day in stale for offset in (-1, 0, 1)}

    kept = [row for row in sessions(frame, *before) if row["session_date"] not in stale]
    built = sessions(frame, *(row for row in after if day_of(row) in read))

    made = [row for row in built if row["session_date"] in stale]
    refreshed = sorted([*kept, *made], key=lambda row: (row["visitor_id"], row["started_at"]))
    assert refreshed == sessions(frame, *after)
    return [(row["started_at"], row["ended_at"], row["events"]) for row in refreshed]


def test_a_session_across_midnight_belongs_to_the_day_it_began(frame):
    events = [event(MIDNIGHT - 10 * MINUTE), event(MIDNIGHT), event(MIDNIGHT + 10 * MINUTE)]

    [row] = recomputed(frame, events, [DAY, NEXT_DAY])

    assert (row["session_date"], row["events"], row["duration_seconds"]) == (DAY, 3, 1200)


def test_a_late_event_joins_a_session(frame):
    events = [event(NOON), event(NOON + 20 * MINUTE)]

    assert assert_refreshed(frame, events, [*events, event(NOON - MINUTE)]) == [(NOON - MINUTE, NOON + 20 * MINUTE, 3)]


def test_a_late_event_merges_two_sessions(frame):
    events = [event(NOON), event(NOON + 50 * MINUTE)]

    assert assert_refreshed(frame, events, [*events, event(NOON + 25 * MINUTE)]) == [(NOON, NOON + 50 * MINUTE, 3)]


@pytest.mark.parametrize("late", [MIDNIGHT - 5 * MINUTE, MIDNIGHT + 5 * MINUTE], ids=["before", "after"])
def test_a_late_event_bridges_midnight(frame, late):
    events = [event(MIDNIGHT - 20 * MINUTE), event(MIDNIGHT + 20 * MINUTE)]

    assert assert_refreshed(frame, events, [*events, event(late)]) == [
        (MIDNIGHT - 20 * MINUTE, MIDNIGHT + 20 * MINUTE, 3)
    ]


def test_a_corrected_event_splits_a_session(frame):
    before = [event(MIDNIGHT - 20 * MINUTE), event(MIDNIGHT), event(MIDNIGHT + 20 * MINUTE)]
    after = [before[0], before[1] | {"visitor_id": "VIS-FFFFFFFFFFFF"}, before[2]]

    assert len(assert_refreshed(frame, before, after)) == 3


def test_a_late_event_that_gives_a_robot_away_splits_the_session_it_was_in(frame):
    people = [event(MIDNIGHT - 20 * MINUTE), event(MIDNIGHT + 5 * MINUTE), event(MIDNIGHT + 1445 * MINUTE)]

    after = assert_refreshed(frame, people, [*people, event(MIDNIGHT + 600 * MINUTE, user_agent="curl/8")])
    assert [count for _, _, count in after] == [1, 1]


def test_even_the_longest_chain_of_a_person_ends_within_two_days(frame):
    def chain(start, end):
        return every(HALF_AN_HOUR, 1 + int((end - start) / HALF_AN_HOUR), start)

    whole_day = chain(MIDNIGHT - 600 * MINUTE, MIDNIGHT + 2040 * MINUTE)
    nineteen_hours = chain(MIDNIGHT - 19 * 60 * MINUTE, MIDNIGHT + 19 * 60 * MINUTE - MINUTE)

    assert assert_refreshed(frame, whole_day[:10], whole_day) == [
        (MIDNIGHT - 600 * MINUTE, MIDNIGHT - 30 * MINUTE, 20),
        (MIDNIGHT + 1440 * MINUTE, MIDNIGHT + 2040 * MINUTE, 21),
    ]
    [(start, end, _)] = assert_refreshed(frame, nineteen_hours[:1], nineteen_hours)
    assert end < datetime(start.year, start.month, start.day, tzinfo=UTC) + timedelta(days=2)


# -- against plain Python


def python_sessions(events):
    """Started, ended and number of events of every session, by visitor."""
    people = [row for row in events if not is_robot_day(row, events)]
    ordered = sorted(people, key=lambda row: (row["visitor_id"], row["event_at"], row["event_id"]))
    found = []
    for visitor, rows in groupby(ordered, key=lambda row: row["visitor_id"]):
        last = None
        for row in rows:
            if last is None or row["event_at"] - last > HALF_AN_HOUR:
                found.append([visitor, row["event_at"], row["event_at"], []])
            last = found[-1][2] = row["event_at"]
            found[-1][3].append(row)
    return [python_session(*session) for session in found]


def is_robot_day(row, events):
    day = [e for e in events if e["visitor_id"] == row["visitor_id"] and day_of(e) == day_of(row)]
    return any("bot" in e["user_agent"] for e in day) or len({e["event_at"].hour for e in day}) >= robots.ROBOT_HOURS


def python_session(visitor, start, end, events):
    customers = [row["customer_id"] for row in events if row["customer_id"]]
    links = [row["utm_source"] for row in events if row["utm_source"]]
    return {
        "visitor_id": visitor,
        "started_at": start,
        "ended_at": end,
        "events": len(events),
        "customer_id": customers[-1] if customers else None,
        "source": links[0] if links else "(direct)",
        "products_viewed": len({row["product_id"] for row in events if row["event_type"] == "product_view"}),
        "landing_page": events[0]["page_path"],
        "exit_page": events[-1]["page_path"],
        "deepest_stage": max((row["event_type"] for row in events), key=stage)
        .replace("page_view", "visit")
        .replace("search", "visit"),
    }


def stage(event_type):
    return STAGES.index(event_type) if event_type in STAGES else 0


def drawn(number, day_minute, jump, visitor, kind, *said):
    customer, link, agent, product = said
    return event(
        MIDNIGHT - timedelta(days=1) + day_minute * MINUTE + jump * JUST,
        number,
        visitor_id=f"VIS-{visitor:012}",
        event_type=kind,
        page_path=f"/{number}",
        customer_id=customer,
        utm_source=link,
        user_agent=agent,
        product_id=product,
        order_id="ORD-0000000001",
    )


EVENTS = st.lists(
    st.tuples(
        st.one_of(st.integers(0, 4 * 1440), st.integers(1380, 1500), st.sampled_from(range(0, 5760, 30))),
        st.integers(-1, 1),
        st.integers(1, 2),
        st.sampled_from(["page_view", "search", "product_view", "add_to_cart", "checkout", "purchase"]),
        st.sampled_from([None, None, "CUS-0000001", "CUS-0000002"]),
        st.sampled_from([None, None, "a", "b"]),
        st.sampled_from([FIREFOX] * 30 + ["bot"]),
        st.sampled_from(["PRD-00001", "PRD-00002"]),
    ),
    min_size=1,
    max_size=250,
).map(lambda rows: [drawn(number, *row) for number, row in enumerate(rows)])


@settings(
    max_examples=8,
    derandomize=True,
    phases=[Phase.generate],  # an example takes a second: shrinking one would take minutes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(events=EVENTS)
def test_any_events_make_the_sessions_plain_python_makes_of_them(duckdb_frames, events):
    with using("duckdb"):
        rows = sessions(duckdb_frames, *events)

    expected = python_sessions(events)
    assert [{name: row[name] for name in python_session("", NOON, NOON, events)} for row in rows] == expected


def random_events(seed):
    """Visitors who come back every now and then over five days, some of them for most of a day."""
    chance = random.Random(seed)
    at, events = MIDNIGHT - timedelta(days=2), []
    while at < MIDNIGHT + timedelta(days=3):
        at += chance.choice([1, 10, 25, 30, 31, 90, 400]) * MINUTE
        events.append(event(at, visitor_id=f"VIS-{chance.randrange(2):012}"))
    return events


@pytest.mark.parametrize("seed", range(2))
def test_every_day_needs_only_its_neighbours(duckdb_frames, seed):
    events = random_events(seed)

    with using("duckdb"):
        days = sorted({day_of(row) for row in events})
        assert recomputed(duckdb_frames, events, days) == sessions(duckdb_frames, *events)


# -- the funnel


def session(**changes):
    usual = {"session_date": DAY, "device": "mobile", "channel": "direct", "deepest_stage": "visit", "is_bounce": False}
    return usual | changes


def funnel_of(frame, *rows):
    return transformed(conversion_funnel, fct_sessions=table_rows(frame, "fct_sessions", *rows))


def test_the_funnel_counts_a_session_at_all_stages_up_to_its_deepest(frame):
    stages = ["visit"] * 5 + ["product_view"] * 4 + ["add_to_cart"] * 3 + ["checkout"] * 2 + ["purchase"]
    rows = [session(deepest_stage=stage) for stage in stages]

    [row] = built_rows(funnel_of(frame, *rows, session(is_bounce=True, customer_id="CUS-0000001")), "device")

    assert row == {
        "session_date": DAY,
        "device": "mobile",
        "channel": "direct",
        "sessions": 16,
        "bounces": 1,
        "identified_sessions": 1,
        "reached_product_view": 10,
        "reached_add_to_cart": 6,
        "reached_checkout": 3,
        "reached_purchase": 1,
    }


def behavior(at, number, **changes):
    """An event of a warehouse: the visitor looks at a product, and nothing is told of the browser."""
    usual = {"event_id": f"EVT-{number:016X}", "event_at": at, "event_type": "product_view", "visitor_id": VISITOR}
    return usual | {"loaded_at": at} | changes


def test_events_of_a_warehouse_are_in_the_sessions_each_once(frame):
    known = behavior(NOON, 1, device="tablet")
    told = {"sku": "SOCK", "customer_reference": "C-4711", "device": " Tablet", "country_code": "se"}
    rows = [known, behavior(NOON + MINUTE, 2, **told), behavior(NOON + MINUTE, 3, visitor_id=None)]
    alone = behavior(NOON, 4, visitor_id="V-2", event_type="purchase", order_reference="SF-1")

    other, both = built_rows(sessions_of(frame, event(NOON, 1), behavior=[*rows, alone]), "visitor_id")

    counts = ("events", "page_views", "product_views", "products_viewed", "customer_id", "device", "country_code")
    assert [both[name] for name in counts] == [2, 1, 1, 1, "C-4711", "mobile", "DE"]
    told = ("visitor_id", "order_id", "device", "country_code", "landing_page", "deepest_stage", "channel")
    assert [other[name] for name in told] == ["V-2", "SF-1", "unknown", "ZZ", "unknown", "purchase", "direct"]


def test_days_devices_and_channels_have_funnels_of_their_own(frame):
    rows = [session(), session(session_date=NEXT_DAY), session(device="tablet"), session(channel="email")]

    assert [row["sessions"] for row in built_rows(funnel_of(frame, *rows), "session_date")] == [1, 1, 1, 1]


def test_the_funnel_has_the_columns_of_its_contract_also_when_there_are_no_sessions(frame):
    assert types_of(funnel_of(frame, session())) == contract_types("conversion_funnel")
    assert funnel_of(frame).collect() == []


@pytest.mark.parametrize("contract", ["fct_sessions", "conversion_funnel"])
def test_what_is_built_breaks_no_rule_of_its_contract(frame, contract):
    events = table_rows(frame, "clickstream", *random_events(9), event(NOON, event_type="purchase", order_id="ORD-1"))
    built = SESSIONS(clickstream=events, redshift_behavior=table_rows(frame, "redshift_behavior"))
    built = conversion_funnel(fct_sessions=built) if contract == "conversion_funnel" else built
    rules = [rule for rule in contracts.load(contract).table.row_rules if not rule.name.startswith("_")]

    broken = built.select(*(F.expr(rule.broken).alias(rule.name) for rule in rules)).collect()

    assert {name for row in broken for name, is_broken in row.asDict().items() if is_broken is not False} == set()
    assert broken
