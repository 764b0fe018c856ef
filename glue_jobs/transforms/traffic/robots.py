"""Detect visitors that are robots, by the events of one visitor on one UTC day alone.

A day needs no other day to be judged, so a day that is recomputed from itself and its neighbours is exact.
"""

from typing import Final

from cartlake.engine import DataFrame, F

# Cubot is a brand of phones, so "bot" after a "u" does not name a robot.
ROBOT_AGENTS: Final = (
    "(^|[^u])bot|crawl|spider|slurp|scrapy|headless|phantomjs|selenium|puppeteer|playwright|lighthouse|pingdom"
    "|curl/|wget|libwww|python-requests|python-urllib|python-httpx|aiohttp|go-http-client|apache-httpclient|java/"
)
"""Names of robots in a user agent, in lower case. A missing user agent alone does not make a visitor a robot."""

MOST_EVENTS_A_MINUTE: Final = 60
MOST_EVENTS_A_DAY: Final = 2_000
ROBOT_HOURS: Final = 20
"""A visitor with events in this many different hours of a day is a robot.

Sessions rely on it: a chain of events with no gap above 30 minutes that covers a whole day has an event in each
of its hours. So no session of a person covers a whole day, and none spans more than two.
"""


def without_robots(events: DataFrame) -> DataFrame:
    """Leave out the events of visitors on days they were robots. Keeps the columns and adds `_day`, the UTC day."""
    dated = events.withColumn("_day", F.to_date(F.col("event_at")))
    people = dated.join(robot_days(dated), on=["visitor_id", "_day"], how="left_anti")
    # A step of its own: SQLFrame would look for columns of windows on the wrong side of the join.
    return people.select(*(F.col(name) for name in dated.columns))


def robot_days(dated: DataFrame) -> DataFrame:
    """Return the visitors that were robots: one row per `visitor_id` and `_day`.

    Summed by minutes first: a robot may have millions of events, and no task should have to hold them.
    """
    names_itself = F.max(F.when(F.lower(F.col("user_agent")).rlike(ROBOT_AGENTS), F.lit(1)).otherwise(F.lit(0)))
    minutes = dated.groupBy("visitor_id", "_day", F.date_trunc("minute", F.col("event_at")).alias("_minute")).agg(
        F.count(F.lit(1)).alias("_events"), names_itself.alias("_named")
    )
    days = minutes.groupBy("visitor_id", "_day").agg(
        F.sum("_events").alias("_events"),
        F.max("_events").alias("_busiest"),
        F.countDistinct(F.hour(F.col("_minute"))).alias("_hours"),
        F.max("_named").alias("_named"),
    )
    is_robot = (
        (F.col("_named") == F.lit(1))
        | (F.col("_busiest") > F.lit(MOST_EVENTS_A_MINUTE))
        | (F.col("_events") > F.lit(MOST_EVENTS_A_DAY))
        | (F.col("_hours") >= F.lit(ROBOT_HOURS))
    )
    return days.where(is_robot).select("visitor_id", "_day")
