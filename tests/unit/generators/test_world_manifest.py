"""The manifest of a world tells the truth: counted again from the files, by SQL that knows no generator."""

import hashlib
from decimal import Decimal

import pytest

from cartlake import contracts
from generators.manifests.world import WorldManifest
from generators.schemas import DATASETS

NEWEST_LINES = """
    select * from transactions
    qualify row_number() over (partition by order_id, line_number order by updated_at desc) = 1
"""
# Robots by what they do: crawlers say so, others send more than 60 events in a minute or are awake at all hours.
ROBOTS = """
    select visitor_id from newest_events where regexp_matches(user_agent, '(?i)bot|python')
    union
    select visitor_id from (
        select visitor_id, count(*) over (
            partition by visitor_id order by event_at range between interval 59 second preceding and current row
        ) as in_a_minute from newest_events
    ) where in_a_minute > 60
    union
    select visitor_id from newest_events group by visitor_id, cast(event_at as date)
    having count(distinct extract(hour from event_at)) = 24
"""
STAGES = ("page_view", "search", "product_view", "add_to_cart", "checkout", "purchase")


@pytest.fixture(scope="module")
def events(clean_world):
    """The same database, with `newest_events`, one row per event, and `sessions` of people."""
    clean_world.execute(f"""
        create or replace temp table newest_events as select * from clickstream
        qualify row_number() over (partition by event_id order by received_at desc) = 1;
        create or replace temp table robots as {ROBOTS};
        create or replace temp table sessions as
        with steps as (
            select *, coalesce(event_at - lag(event_at) over visits > interval 30 minute, true) as is_first
            from newest_events anti join robots using (visitor_id)
            window visits as (partition by visitor_id order by event_at)
        ), numbered as (
            select *, sum(cast(is_first as int)) over (
                partition by visitor_id order by event_at rows unbounded preceding
            ) as session from steps
        )
        select visitor_id, session, min(event_at) as started_at, max(event_at) as ended_at,
            max(list_position({list(STAGES)}, event_type)) as stage, count(*) as events
        from numbered group by all
    """)
    return clean_world


def test_every_file_is_as_listed(world, world_rows):
    out, manifest = world
    listed = {file.name for truth in manifest.datasets.values() for file in truth.files}

    for dataset, truth in manifest.datasets.items():
        for file in truth.files:
            content = (out / file.name).read_bytes()
            assert (file.size, file.sha256) == (len(content), hashlib.sha256(content).hexdigest())
            assert file.rows == file.clean_rows + file.dirty_rows == len(world_rows[dataset][file.name])
        assert truth.rows == truth.clean_rows + truth.dirty_rows == sum(file.rows for file in truth.files)
    assert {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()} == listed | {"manifest.json"}


def test_the_written_manifest_is_the_returned_one(world):
    out, manifest = world

    assert WorldManifest.read(out) == manifest


@pytest.mark.parametrize("dataset", DATASETS)
def test_keys_are_counted_as_the_merge_counts_them(world, clean_world, dataset):
    _, manifest = world
    truth = manifest.datasets[dataset]
    key = ", ".join(contracts.load(dataset).table.primary_key)

    rows, keys = clean_world.sql(f"select count(*), count(distinct ({key})) from {dataset}").fetchone()

    assert (rows, keys) == (truth.clean_rows, truth.keys)
    assert truth.superseded == rows - keys
    assert truth.dirty_rows / truth.rows == pytest.approx(0.04, abs=0.005)


def test_final_lines_are_those_of_the_newest_versions(world, clean_world):
    _, manifest = world
    lines = manifest.orders.lines

    statuses = clean_world.sql(f"select order_status, count(*) from ({NEWEST_LINES}) group by 1").fetchall()
    sums = clean_world.sql(
        f"select currency, count(*), sum(quantity), sum(line_total) from ({NEWEST_LINES}) group by 1"
    ).fetchall()

    assert dict(statuses) == lines.by_status
    assert {
        currency: (total.rows, total.units, Decimal(total.line_total)) for currency, total in lines.by_currency.items()
    } == {currency: tuple(values) for currency, *values in sums}


def test_orders_are_counted_by_what_became_of_them(world, clean_world):
    _, manifest = world
    orders = manifest.orders

    found = clean_world.sql(f"""
        with orders as (
            select order_id, bool_and(order_status = 'cancelled') as cancelled,
                bool_or(order_status = 'refunded') as returned, any_value(channel) in ('web', 'mobile') as online,
                any_value(customer_id) not in (select customer_id from customers) as stranger
            from ({NEWEST_LINES}) group by order_id
        )
        select count(*), count_if(cancelled), count_if(returned), count_if(not cancelled and not returned),
            count_if(online), count_if(stranger) from orders
    """).fetchone()

    assert found == (
        *(orders.orders, orders.cancelled, orders.returned, orders.sold),
        *(orders.online, orders.unknown_customer),
    )
    assert min(found) > 0


def test_corrections_and_lines_before_their_product_are_counted(world, clean_world):
    _, manifest = world

    (corrected,) = clean_world.sql("""
        select count(*) from (select order_id, line_number from transactions group by all
        having count(distinct (quantity, unit_price)) > 1)
    """).fetchone()
    (early,) = clean_world.sql(f"""
        with known as (select product_id, min(_file_day) as day from products group by 1)
        select count(*) from ({NEWEST_LINES}) as lines left join known using (product_id)
        where known.day is null or cast(lines.ordered_at as date) < known.day
    """).fetchone()

    assert corrected == manifest.orders.corrected_lines > 0
    assert early == manifest.orders.before_product > 0


def test_sessions_of_people_are_found_again_by_pauses_of_half_an_hour(world, events):
    _, manifest = world
    visits = manifest.visits

    stages = dict(events.sql("select stage, count(*) from sessions group by 1").fetchall())
    (across,) = events.sql(
        "select count(*) from sessions where cast(started_at as date) < cast(ended_at as date)"
    ).fetchone()

    assert sum(stages.values()) == visits.sessions
    assert {name: stages[number] for number, name in enumerate(STAGES, start=1)} == visits.by_deepest_stage
    assert 0 < across <= visits.sessions_across_midnight
    assert visits.purchases < visits.sessions / 3


def test_robots_are_found_by_what_they_do(world, events):
    _, manifest = world
    robots = manifest.visits.robots
    once = robots["crawler"] + robots["burst"]

    (found, sent) = events.sql(
        "select count(distinct visitor_id), count(*) from newest_events semi join robots using (visitor_id)"
    ).fetchone()

    # A robot that is awake at all hours comes back every day.
    assert once < found <= once + robots["all_hours"]
    assert sent == manifest.visits.robot_events


def test_events_late_and_repeated_are_counted(world, clean_world):
    _, manifest = world
    visits = manifest.visits

    events, repeated, late = clean_world.sql("""
        with deliveries as (
            select *, row_number() over (partition by event_id order by received_at) as delivery from clickstream
        )
        select count_if(delivery = 1), count_if(delivery = 2),
            count_if(delivery = 1 and received_at - event_at >= interval 1 hour) from deliveries
    """).fetchone()

    assert (events, repeated) == (visits.events, visits.repeated_events)
    assert late == visits.late_events
    assert visits.events == visits.events_of_people + visits.robot_events
    assert visits.not_yet_received > 0


def test_reviews_are_counted(world, clean_world):
    _, manifest = world
    reviews = manifest.reviews

    found = clean_world.sql("""
        with newest as (
            select *, count(*) over (partition by review_id) as versions from reviews
            qualify row_number() over (partition by review_id order by updated_at desc) = 1
        )
        select count(*), count_if(versions = 2), count_if(order_id not in (select order_id from transactions)),
            count(*) - count(distinct (order_id, product_id, customer_id)) from newest
    """).fetchone()

    assert found[:3] == (reviews.reviews, reviews.edited, reviews.unmatched)
    assert found[3] >= reviews.again
    assert min(reviews.edited, reviews.again, reviews.unmatched) > 0


def test_customer_records_are_counted_by_system(world, clean_world):
    _, manifest = world

    found = clean_world.sql("select source_system, count(distinct customer_id) from customers group by 1").fetchall()
    strangers, buyers = clean_world.sql("""
        select count(distinct customer_id) filter (customer_id not in (select customer_id from customers)),
            count(distinct customer_id) from transactions
    """).fetchone()

    assert dict(found) == manifest.people.by_source
    assert strangers == manifest.people.unknown_customers > 0
    assert buyers == manifest.people.customers_who_ordered


def test_the_catalogue_is_as_told(world, clean_world):
    _, manifest = world
    catalogue = manifest.catalogue

    unknown = clean_world.sql("""
        select distinct product_id from products anti join vendors using (vendor_id) order by 1
    """).fetchall()
    late = clean_world.sql("""
        select product_id, cast(min(_file_day) as text) from products group by 1 having min(_file_day) > '2026-01-05'
    """).fetchall()

    assert tuple(product for (product,) in unknown) == catalogue.products_of_unknown_vendors
    assert dict(late) == catalogue.late_products
    assert len(late) == 5
    assert clean_world.sql("select count(distinct product_id) from products").fetchone() == (catalogue.products,)
    assert clean_world.sql("select count(distinct vendor_id) from vendors").fetchone() == (catalogue.vendors,)


def test_rates_are_as_told(world, clean_world):
    _, manifest = world
    rates = manifest.rates

    missing = clean_world.sql("""
        select cast(day as date)::text from range(date '2026-01-05', date '2026-02-14', interval 1 day) as days (day)
        where day not in (select rate_date from fx_rates) order by 1
    """).fetchall()
    first, corrected = clean_world.sql(
        "select min(rate_date)::text, count(*) - count(distinct (rate_date, currency)) from fx_rates"
    ).fetchone()

    assert tuple(day for (day,) in missing) == rates.days_without_rate
    assert (first, corrected) == (rates.first_day, rates.corrected)
