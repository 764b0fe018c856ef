"""What holds between the datasets of a world, row by row."""

import re
from datetime import date

import pytest

from generators.people.customers import OTHER_SYSTEMS

FIRST, LAST = date(2026, 1, 5), date(2026, 2, 13)


def none(database, query):
    """The query finds what must not be."""
    return database.sql(query).fetchall() == []


def test_every_online_order_has_its_purchase_within_seconds_by_the_same_customer(clean_world):
    assert none(
        clean_world,
        """
        with orders as (
            select order_id, any_value(customer_id) as customer_id, any_value(ordered_at) as ordered_at
            from transactions where channel in ('web', 'mobile') group by 1
        ), purchases as (
            select distinct event_id, order_id, customer_id, event_at from clickstream where event_type = 'purchase'
        )
        select * from orders full join purchases using (order_id)
        where orders.customer_id is distinct from purchases.customer_id
            or purchases.event_at is null or purchases.event_at - orders.ordered_at not between interval 0 second
            and interval 5 second
        """,
    )
    assert none(
        clean_world,
        "select order_id from clickstream group by 1 having count(distinct event_id) > 1 and order_id is not null",
    )


def test_a_purchase_ends_a_visit_that_put_things_in_the_cart_and_went_to_checkout(clean_world):
    stages = clean_world.sql("""
        with purchases as (select distinct visitor_id, event_at from clickstream where event_type = 'purchase')
        select p.visitor_id, p.event_at, list(distinct event_type) as stages
        from purchases as p left join clickstream as c on c.visitor_id = p.visitor_id
            and c.event_at between p.event_at - interval 90 minute and p.event_at
            and c.received_at - c.event_at < interval 1 hour
        group by all
    """).fetchall()
    late = sum(not {"product_view", "add_to_cart", "checkout"} <= set(row[2]) for row in stages)

    assert len(stages) > 1_000
    assert late / len(stages) < 0.05  # where a single step is late


def test_products_in_the_cart_are_those_of_the_order(clean_world):
    assert none(
        clean_world,
        """
        with carts as (
            select p.order_id, c.product_id from clickstream as p inner join clickstream as c
            on c.visitor_id = p.visitor_id and c.event_at between p.event_at - interval 15 minute and p.event_at
            where p.event_type = 'purchase' and c.event_type = 'add_to_cart'
        )
        select order_id, count(*) from carts left join (select distinct order_id, product_id, 1 as bought
        from transactions) using (order_id, product_id) group by 1 having count(bought) = 0
        """,
    )


def test_visitors_are_nameless_until_they_log_in_and_never_two_people(clean_world):
    assert none(clean_world, "select visitor_id from clickstream group by 1 having count(distinct customer_id) > 1")
    named, nameless, both = clean_world.sql("""
        select count_if(named and not nameless), count_if(nameless and not named), count_if(named and nameless) from (
            select visitor_id, bool_or(customer_id is not null) as named, bool_or(customer_id is null) as nameless
            from clickstream group by 1
        )
    """).fetchone()
    assert min(named, nameless, both) > 100


def test_only_the_first_event_of_a_visit_says_where_it_came_from(clean_world):
    landed, all_events = clean_world.sql("""
        select count_if(referrer_host is not null or utm_source is not null), count(*) from clickstream
    """).fetchone()

    assert 0.1 < landed / all_events < 0.4
    assert none(clean_world, "select * from clickstream where utm_medium is null and utm_campaign is not null")


def test_events_arrive_at_most_three_days_late_in_the_file_of_the_day_they_arrive(clean_world):
    assert none(
        clean_world,
        """
        select * from clickstream where received_at - event_at not between interval 0 second and interval 3 day
            or cast(received_at as date) <> _file_day
        """,
    )
    assert clean_world.sql("select max(received_at - event_at) > interval 2 day from clickstream").fetchone() == (True,)


def test_a_repeated_event_differs_only_in_when_it_was_received_in_a_later_file(clean_world):
    assert none(
        clean_world,
        """
        select event_id from clickstream group by 1
        having count(*) > 1 and (count(distinct _file_day) < count(*)
            or count(distinct (event_at, event_type, visitor_id, customer_id, page_path, utm_source, user_agent)) > 1)
        """,
    )


def test_versions_of_a_line_stand_in_the_file_of_their_day_but_for_the_delayed_and_repeated(world, clean_world):
    _, manifest = world

    late, early = clean_world.sql("""
        select count_if(_file_day > cast(updated_at as date)), count_if(_file_day < cast(updated_at as date))
        from transactions
    """).fetchone()

    assert early == 0
    assert late == manifest.orders.delayed_rows + manifest.orders.repeated_rows
    assert min(manifest.orders.delayed_rows, manifest.orders.repeated_rows) > 5


def test_a_daily_file_holds_the_orders_of_the_day_and_what_happened_to_older_ones(clean_world):
    days = clean_world.sql("""
        select _file_day, count_if(cast(ordered_at as date) = _file_day),
            count_if(cast(ordered_at as date) < _file_day), count(distinct order_status)
        from transactions where _file_day > '2026-01-25' group by 1
    """).fetchall()

    assert len(days) == 19
    assert all(new > 100 and old > 100 and statuses == 6 for _, new, old, statuses in days)


def test_what_an_order_and_line_never_changes_stays(clean_world):
    assert none(
        clean_world,
        """
        select order_id, line_number from transactions group by all
        having count(distinct (ordered_at, customer_id, product_id, channel, currency, country_code)) > 1
        """,
    )
    assert none(
        clean_world, "select order_id from transactions group by 1 having count(distinct (ordered_at, customer_id)) > 1"
    )


def test_a_status_never_goes_back_as_time_goes_on(clean_world):
    assert none(
        clean_world,
        """
        with steps as (
            select *, lag(order_status) over (partition by order_id, line_number order by updated_at, order_status)
            as before from (select distinct order_id, line_number, order_status, updated_at from transactions)
        )
        select * from steps where before in ('cancelled', 'refunded')
            or (before = 'delivered' and order_status not in ('delivered', 'refunded'))
            or (before = 'shipped' and order_status not in ('delivered', 'refunded'))
        """,
    )


def test_a_review_is_of_a_delivered_line_by_its_buyer_two_to_twenty_days_later(world, clean_world):
    _, manifest = world

    matched = clean_world.sql("""
        with first_delivery as (
            select order_id, product_id, customer_id, min(updated_at) as delivered_at,
                any_value(ordered_at) as ordered_at from transactions where order_status = 'delivered' group by all
        )
        select distinct review_id, reviewed_at - delivered_at between interval 2 day and interval 20 day,
            purchased_on = cast(ordered_at as date)
        from reviews inner join first_delivery using (order_id, product_id, customer_id)
    """).fetchall()

    on_time = [row for row in matched if row[1]]
    assert len(matched) >= manifest.reviews.reviews - manifest.reviews.unmatched - 5  # some were refunded that day
    assert len(on_time) > 0.97 * len(matched)
    assert all(row[2] for row in matched)


def test_an_edited_review_is_the_same_review_said_later(clean_world):
    assert none(
        clean_world,
        """
        select review_id from reviews group by 1
        having count(distinct (order_id, customer_id, product_id, purchased_on, reviewed_at)) > 1
            or count(distinct updated_at) < count(*)
        """,
    )
    assert none(clean_world, "select * from reviews where cast(updated_at as date) <> _file_day")


def test_every_order_has_a_rate_of_a_day_not_after_it(clean_world):
    assert none(
        clean_world,
        """
        with orders as (select distinct currency, cast(ordered_at as date) as day from transactions)
        select * from orders where currency <> 'EUR' and not exists (select * from fx_rates
        where fx_rates.currency = orders.currency and rate_date between day - 6 and day)
        """,
    )


def test_rates_are_of_business_days_and_near_their_level(clean_world):
    assert none(clean_world, "select * from fx_rates where isodow(rate_date) > 5")
    levels = clean_world.sql("select currency, avg(rate)::double from fx_rates group by 1").fetchall()
    assert dict(levels) == pytest.approx({"USD": 1.08, "GBP": 0.86, "SEK": 11.3, "PLN": 4.3}, rel=0.06)


def test_late_rates_come_days_later_together_and_corrections_change_the_rate(clean_world):
    (late,) = clean_world.sql(f"""
        select count(distinct rate_date) from fx_rates
        where rate_date > '{FIRST}' and _file_day > rate_date and updated_at < _file_day
    """).fetchone()

    assert late == 4  # two of every twenty business days
    assert none(
        clean_world,
        """
        select rate_date from fx_rates group by rate_date, currency
        having count(*) > least(count(distinct rate), count(distinct updated_at))
        """,
    )


def test_customers_register_before_they_order_and_orders_show_their_first_address(clean_world):
    assert none(
        clean_world,
        """
        with first_orders as (
            select customer_id, min(ordered_at) as first_at, min(customer_email) as email from transactions group by 1
        ), first_versions as (
            select * from customers where source_system = 'shop'
            qualify row_number() over (partition by customer_id order by updated_at) = 1
        )
        select * from first_orders as o inner join first_versions as v using (customer_id)
        where o.first_at < v.registered_at or o.email <> v.email
        """,
    )


def test_versions_of_customers_are_ordered_and_keep_when_they_registered(clean_world):
    assert none(clean_world, "select customer_id from customers group by 1 having count(distinct registered_at) > 1")
    assert none(
        clean_world, f"select * from customers where _file_day > '{FIRST}' and cast(updated_at as date) <> _file_day"
    )
    moved, changed = clean_world.sql("""
        select count_if(streets > 1), count_if(versions > 1) from (
            select customer_id, count(*) as versions, count(distinct street) as streets from customers group by 1)
    """).fetchone()
    assert moved > 5
    assert changed > moved


def test_records_of_one_person_share_enough_to_be_found(world, clean_world):
    _, manifest = world
    rows = clean_world.sql("select * from customers").fetchdf().fillna("").to_dict("records")
    records = {}
    for row in rows:
        records.setdefault(row["customer_id"], []).append(row)

    def strong(row):
        email = re.sub(r"^home\.", "", row["email"].lower())
        return {email.replace(".", ""), row["phone"]} - {""}

    assert len(manifest.people.duplicates) > 100
    for shop, others in manifest.people.duplicates.items():
        mine = set().union(*map(strong, records[shop]))
        for other in others:
            (theirs,) = records[other]
            assert theirs["source_system"] in {name for name, _, _ in OTHER_SYSTEMS}
            assert mine & strong(theirs), (records[shop], theirs)


def test_spellings_differ_in_most_records_of_one_person(world, clean_world):
    _, manifest = world
    spelt = dict(clean_world.sql("select customer_id, [first_name, last_name, email, phone] from customers").fetchall())
    pairs = [(shop, other) for shop, others in manifest.people.duplicates.items() for other in others]

    assert sum(spelt[shop] != spelt[other] for shop, other in pairs) > 0.75 * len(pairs)


def test_households_and_namesakes_are_different_people(world, clean_world):
    households, namesakes = clean_world.sql("""
        with shop as (
            select distinct on (customer_id) * from customers where source_system = 'shop'
            order by customer_id, updated_at
        )
        select
            (select count(*) from shop as a inner join shop as b using (street, postal_code, city, last_name)
             where a.customer_id < b.customer_id and a.first_name <> b.first_name),
            (select count(*) from shop as a inner join shop as b using (first_name, last_name)
             where a.customer_id < b.customer_id and a.street <> b.street)
    """).fetchone()

    assert households > 20
    assert namesakes > 5


def test_customer_identifiers_of_the_systems_are_disjoint(clean_world):
    assert none(clean_world, "select customer_id from customers group by 1 having count(distinct source_system) > 1")


def test_products_of_orders_are_known_in_the_end_and_cost_less_than_they_are_sold_for(clean_world):
    assert none(clean_world, "select product_id from transactions anti join products using (product_id)")
    (below,) = clean_world.sql("select avg(cast(unit_cost <= list_price as int)) from products").fetchone()
    assert below > 0.97
    changes = clean_world.sql("select count(distinct list_price) from products group by product_id").fetchall()
    assert sum(count > 1 for (count,) in changes) > 100


def luhn(number):
    doubled = [int(digit) * (1 + position % 2) for position, digit in enumerate(reversed(number))]
    return sum(sum(map(int, str(value))) for value in doubled) % 10 == 0


def iban(number):
    moved = number[4:] + number[:4]
    return int("".join(str(int(character, 36)) for character in moved)) % 97 == 1


def test_personal_data_stands_in_its_review_and_decoys_fail_their_check(world, clean_world):
    _, manifest = world
    bodies = dict(clean_world.sql("select review_id, body from reviews").fetchall())
    checks = {"card": luhn, "not_a_card": luhn, "iban": iban, "not_an_iban": iban}

    assert len(manifest.reviews.personal_data) > 10
    assert {item.kind for item in manifest.reviews.personal_data} >= {"card", "iban"}
    for item in manifest.reviews.personal_data:
        assert item.value in bodies[item.review_id]
        if item.kind in checks:
            assert checks[item.kind](re.sub("[ -]", "", item.value)) != item.decoy
