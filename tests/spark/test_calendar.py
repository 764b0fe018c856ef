"""The calendar: the same cases on Spark and on DuckDB."""

from datetime import date, timedelta

import pytest

from glue_jobs.transforms.calendar import dim_date
from tests.spark.built import built_rows, contract_types, types_of
from tests.spark.transforming import transformed

pytestmark = pytest.mark.spark


def calendar(frame):
    return transformed(dim_date, spine=frame([(1,)], "one int"))


def test_the_calendar_has_the_columns_and_types_of_its_contract(frame):
    assert types_of(calendar(frame)) == contract_types("dim_date")


def test_the_calendar_is_what_python_says(frame):
    rows = built_rows(calendar(frame), "calendar_date")

    days = [date(2015, 1, 1) + timedelta(days=n) for n in range(len(rows))]
    assert [row["calendar_date"] for row in rows] == days
    assert days[-1] == date(2035, 12, 31)
    for day, row in zip(days, rows, strict=True):
        iso = ("iso_year", "iso_week", "iso_day")
        assert tuple(row[name] for name in iso) == day.isocalendar()
        assert (row["year"], row["month"], row["day_of_month"]) == (day.year, day.month, day.day)
        assert row["day_of_year"] == day.timetuple().tm_yday
        assert (row["week_start"], row["month_start"]) == (day - timedelta(days=day.weekday()), day.replace(day=1))
        assert (row["quarter"], row["is_weekend"]) == ((day.month + 2) // 3, day.weekday() > 4)
        assert row["quarter_start"] == date(day.year, row["quarter"] * 3 - 2, 1)


def test_months_and_days_have_english_names(frame):
    rows = {row["calendar_date"]: row for row in built_rows(calendar(frame))}

    names = [rows[date(2026, month, month)]["month_name"] for month in range(1, 13)]
    assert (names[0], names[1], names[8], names[11]) == ("January", "February", "September", "December")
    assert len(set(names)) == 12
    assert [rows[date(2026, 2, 22 + n)]["day_name"] for n in range(3)] == ["Sunday", "Monday", "Tuesday"]
