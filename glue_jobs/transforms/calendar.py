"""The calendar as a table."""

from datetime import date
from typing import Final

from cartlake.engine import Column, DataFrame, F

FIRST_DAY: Final = date(2015, 1, 1)
LAST_DAY: Final = date(2035, 12, 31)

# Not from Python's `calendar` or a date format: those depend on the locale of the machine.
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def dim_date(spine: DataFrame) -> DataFrame:
    """One row per day from 2015 to 2035. `spine` is any frame of one row, from which a table without upstreams is made.

    Weeks are those of ISO 8601: they begin on Monday and belong to the year that their Thursday is in.
    """
    numbers = F.explode(F.sequence(F.lit(0), F.lit((LAST_DAY - FIRST_DAY).days)))
    first = F.lit(FIRST_DAY.isoformat()).cast("date")
    days = spine.select(numbers.alias("_n")).select(F.date_add(first, F.col("_n")).cast("date").alias("calendar_date"))
    day = F.col("calendar_date")
    starts = days.select(
        "calendar_date",
        F.trunc(day, "week").cast("date").alias("week_start"),
        F.trunc(day, "month").cast("date").alias("month_start"),
        F.trunc(day, "quarter").cast("date").alias("quarter_start"),
        F.month(day).cast("int").alias("month"),
    )
    monday = F.col("week_start")
    weekdays = starts.withColumn("iso_day", (F.datediff(day, monday) + F.lit(1)).cast("int"))
    return weekdays.select(
        "calendar_date",
        F.year(day).cast("int").alias("year"),
        F.quarter(day).cast("int").alias("quarter"),
        "month",
        F.dayofmonth(day).cast("int").alias("day_of_month"),
        F.dayofyear(day).cast("int").alias("day_of_year"),
        F.year(F.date_add(monday, 3)).cast("int").alias("iso_year"),
        F.weekofyear(day).cast("int").alias("iso_week"),
        "iso_day",
        _named(F.col("month"), _MONTHS).alias("month_name"),
        _named(F.col("iso_day"), _DAYS).alias("day_name"),
        *("week_start", "month_start", "quarter_start"),
        (F.col("iso_day") >= F.lit(6)).alias("is_weekend"),
    )


def _named(number: Column, names: tuple[str, ...]) -> Column:
    return F.coalesce(*(F.when(number == F.lit(place), F.lit(name)) for place, name in enumerate(names, 1)))
