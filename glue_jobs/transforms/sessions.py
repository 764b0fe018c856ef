"""Sessions and the conversion funnel, from the events of the web shop. Nothing here reads or writes."""

from collections.abc import Sequence
from typing import Final

from cartlake.engine import Column, DataFrame, F, Window
from glue_jobs.transforms.feeds.events import EVENT, warehouse_events
from glue_jobs.transforms.feeds.precedence import first_by_precedence
from glue_jobs.transforms.traffic.attribution import channel, is_attributed, medium, source
from glue_jobs.transforms.traffic.robots import without_robots

INACTIVITY_MINUTES: Final = 30
"""A session ends after more than this without an event: the default of Google Analytics 4."""

STAGES: Final = ("visit", "product_view", "add_to_cart", "checkout", "purchase")

_TOUCH: Final = ("utm_source", "utm_medium", "utm_campaign", "referrer_host")
_MICROSECONDS: Final = 1_000_000


def fct_sessions(clickstream: DataFrame, redshift_behavior: DataFrame, *, precedence: Sequence[str]) -> DataFrame:
    """Sum the events of people into sessions, one row per session.

    An event that both tables have, by `event_id` and UTC day, is taken from the first of them in `precedence`.
    Robots are left out first (`robots`). The events of a visitor are ordered by event_at, then event_id; an event
    more than 30 minutes after the one before starts a session, exactly 30 minutes after it does not. A session
    belongs to the UTC day of its first event and spans two days at most, so the day before (does the first event of
    the day start a session?) and the day after (how does the last one end?) are all a day needs.

    - `session_id`: SES- and 16 hexadecimal digits of the SHA-256 of visitor_id and the first event_id;
    - `customer_id`: of the last event that has one, null for anonymous sessions;
    - `source`, `medium`, `channel`: of the first event with a campaign or a referrer (`attribution`);
    - `duration_seconds`: whole seconds from the first event to the last;
    - `products_viewed`, `purchases`: different products and orders.
    """
    events = {
        "clickstream": clickstream.select(*(F.col(name) for name in EVENT)),
        "redshift_behavior": warehouse_events(redshift_behavior),
    }
    dated = {name: rows.withColumn("_day", F.to_date(F.col("event_at"))) for name, rows in events.items()}
    every = first_by_precedence(dated, precedence, "event_id", "_day")
    sessions = _summed(_chained(without_robots(every)))
    channels = sessions.withColumn("_source", source(F.col("_touch"))).withColumn("_medium", medium(F.col("_touch")))
    return channels.select(
        F.to_date(F.col("started_at")).alias("session_date"),
        _session_id().alias("session_id"),
        F.col("visitor_id"),
        F.col("_customer").getField("customer_id").alias("customer_id"),
        *("started_at", "ended_at", _duration().alias("duration_seconds")),
        *("events", "page_views", "searches", "product_views", "products_viewed", "cart_additions", "checkouts"),
        F.col("purchases"),
        F.col("_order").getField("order_id").alias("order_id"),
        *("landing_page", "exit_page", "device", "country_code"),
        channel(F.col("_source"), F.col("_medium")).alias("channel"),
        *(F.col("_source").alias("source"), F.col("_medium").alias("medium")),
        F.col("_touch").getField("utm_campaign").alias("campaign"),
        _stage_named().alias("deepest_stage"),
        (F.col("events") == F.lit(1)).alias("is_bounce"),
    )


def conversion_funnel(fct_sessions: DataFrame) -> DataFrame:
    """Count the sessions of a day, device and channel that came as far as each stage.

    A session that came to a stage counts as having passed all stages before it, also those it skipped: `reached_x`
    is the number of sessions whose deepest stage is x or beyond. So the numbers never rise from stage to stage.
    """
    deepest = _stage_number(F.col("deepest_stage"))
    reached = {stage: F.when(deepest >= F.lit(number), F.lit(1)) for number, stage in enumerate(STAGES)}
    return fct_sessions.groupBy("session_date", "device", "channel").agg(
        F.count(F.lit(1)).alias("sessions"),
        F.count(F.when(F.col("is_bounce"), F.lit(1))).alias("bounces"),
        F.count(F.col("customer_id")).alias("identified_sessions"),
        *(F.count(reached[stage]).alias(f"reached_{stage}") for stage in STAGES[1:]),
    )


def _chained(events: DataFrame) -> DataFrame:
    """Mark the events that start and end a session, and number the sessions of every visitor."""
    in_order = Window.partitionBy("visitor_id").orderBy("event_at", "event_id")
    inactivity = F.expr(f"interval '{INACTIVITY_MINUTES}' minute")
    before = F.lag("event_at").over(in_order)
    after = F.lead("event_at").over(in_order)
    marked = events.select(
        "*",
        F.coalesce(F.col("event_at") > before + inactivity, F.lit(True)).alias("_starts"),  # noqa: FBT003
        F.coalesce(after > F.col("event_at") + inactivity, F.lit(True)).alias("_ends"),  # noqa: FBT003
    )
    so_far = in_order.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    started = F.sum(F.when(F.col("_starts"), F.lit(1)).otherwise(F.lit(0))).over(so_far)
    return marked.withColumn("_session", started)


def _summed(chained: DataFrame) -> DataFrame:
    return chained.groupBy("visitor_id", "_session").agg(
        F.min("event_at").alias("started_at"),
        F.max("event_at").alias("ended_at"),
        _of("_starts", "event_id").alias("_first_event"),
        F.count(F.lit(1)).alias("events"),
        _events_of("page_view").alias("page_views"),
        _events_of("search").alias("searches"),
        _events_of("product_view").alias("product_views"),
        _different("product_view", "product_id").alias("products_viewed"),
        _events_of("add_to_cart").alias("cart_additions"),
        _events_of("checkout").alias("checkouts"),
        _different("purchase", "order_id").alias("purchases"),
        F.min(_timed(_is("purchase"), "order_id")).alias("_order"),
        F.max(_timed(F.col("customer_id").isNotNull(), "customer_id")).alias("_customer"),
        F.min(_timed(is_attributed(), *_TOUCH)).alias("_touch"),
        _of("_starts", "page_path").alias("landing_page"),
        _of("_ends", "page_path").alias("exit_page"),
        *(_of("_starts", name).alias(name) for name in ("device", "country_code")),
        F.max(_stage_number(F.col("event_type"))).alias("_stage"),
    )


def _is(event_type: str) -> Column:
    return F.col("event_type") == F.lit(event_type)


def _of(mark: str, name: str) -> Column:
    """Return the value of the one event of a session that has the mark."""
    return F.max(F.when(F.col(mark), F.col(name)))


def _timed(condition: Column, *names: str) -> Column:
    """Return values that compare by the order of events: the least is of the first event, the greatest of the last."""
    return F.when(condition, F.struct("event_at", "event_id", *names))


def _events_of(event_type: str) -> Column:
    return F.count(F.when(_is(event_type), F.lit(1)))


def _different(event_type: str, name: str) -> Column:
    # A set, not a distinct count: Spark copies all rows for every distinct count beyond the first. DuckDB puts null
    # into sets, Spark does not.
    values = F.collect_set(F.when(_is(event_type), F.col(name)))
    return F.size(F.filter(values, lambda value: value.isNotNull())).cast("bigint")


def _stage_number(name: Column) -> Column:
    """Return the place of a stage, or of an event's type, in STAGES. Any other type is a visit."""
    number = F.lit(0)
    for place, stage in enumerate(STAGES):
        number = F.when(name == F.lit(stage), F.lit(place)).otherwise(number)
    return number


def _stage_named() -> Column:
    return F.element_at(F.array(*(F.lit(stage) for stage in STAGES)), F.col("_stage") + F.lit(1))


def _session_id() -> Column:
    digest = F.sha2(F.concat_ws("|", F.col("visitor_id"), F.col("_first_event")), 256)
    return F.concat(F.lit("SES-"), F.upper(F.substring(digest, 1, 16)))


def _duration() -> Column:
    elapsed = F.unix_micros(F.col("ended_at")) - F.unix_micros(F.col("started_at"))
    return F.floor(elapsed / F.lit(_MICROSECONDS)).cast("bigint")
