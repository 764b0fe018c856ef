"""Partition projection: the values that the properties of a table describe."""

import datetime as dt

import pytest

from localaws.athena.catalog.projection import projection_of
from localaws.athena.errors import AthenaError

NOW = dt.datetime(2024, 3, 31, 12, tzinfo=dt.UTC)


def projected(**options):
    properties = {"projection.enabled": "true", **{f"projection.k.{name}": text for name, text in options.items()}}
    return projection_of(properties, ["k"], "s3://bucket/t", NOW)


@pytest.mark.parametrize(
    ("options", "property_name"),
    [
        pytest.param({"type": "integer", "range": "a,9"}, "range", id="integer"),
        pytest.param({"type": "integer", "range": "1,9", "interval": "two"}, "interval", id="interval"),
        pytest.param({"type": "integer", "range": "1,9", "interval": "0"}, "interval", id="no interval"),
        pytest.param({"type": "integer", "range": "1,9", "digits": "x"}, "digits", id="digits"),
        pytest.param({"type": "date", "format": "yyyy-MM-dd", "range": "5 Nov,NOW"}, "range", id="date"),
    ],
)
def test_a_property_with_an_invalid_value_is_named(options, property_name):
    with pytest.raises(AthenaError, match=rf"INVALID_TABLE_PROPERTY: projection\.k\.{property_name} is "):
        projected(**options)


@pytest.mark.parametrize(
    ("first", "day", "accepted"),
    [
        pytest.param("NOW-1MONTHS", "2024-02-29", True, id="the last day of a shorter month"),
        pytest.param("NOW-1MONTHS", "2024-02-28", False, id="the day before it"),
        pytest.param("NOW-2MONTHS", "2024-01-31", True, id="the same day of a month as long"),
        pytest.param("NOW-2MONTHS", "2024-01-30", False, id="the day before that"),
    ],
)
def test_months_before_now_end_on_their_last_day(first, day, accepted):
    accepts = projected(type="date", format="yyyy-MM-dd-HH", range=f"{first},NOW").accepts["k"]

    assert accepts(f"{day}-12") is accepted
