"""How a table is built from others: the custom property `cartlake.build` of a modelled table.

    transform: orders.order_lines               # glue_jobs/transforms/orders.py, function order_lines
    replaces: days                              # what is recomputed whole: days, weeks, months, keys or all
    upstreams:
      - {table: processed.transactions}                              # the rows of the same period
      - {table: processed.clickstream, daysBefore: 1, daysAfter: 1}  # and of the days around it
      - {table: processed.fx_rates, reads: up_to}                    # and of all earlier days
      - {table: processed.reviews, reads: key, key: product_id}      # the rows of the same keys
      - {table: processed.vendors, reads: all}
    precedence: [processed.transactions, processed.shop_order_lines]  # which of them has an order that several have
    workflow: forecast                          # which workflow builds it; refresh when left out
    masks:                                      # of a masked table alone: what becomes of its upstream's columns
      - {column: email, mask: domain}
    currency: EUR                               # of a transform that converts amounts: the reporting currency

The upstreams also decide which rows a change makes stale: a table that reads the day before its own is stale on the day
after a change.
"""

import re
from collections import Counter
from typing import Any, Final, Literal

from pydantic import Field, ValidationError

from cartlake.contracts.errors import Faults
from cartlake.contracts.odcs import Element

TRANSFORM: Final = re.compile(r"([a-z][a-z0-9_]*\.){1,2}[a-z][a-z0-9_]*")
"""`<module>.<function>` below glue_jobs/transforms/, or `<package>.<module>.<function>`."""

CURRENCY: Final = re.compile(r"[A-Z]{3}")

PERIODS: Final = ("days", "weeks", "months")


class Upstream(Element):
    """A table that is read, and which of its rows: of the period, up to its end, of the keys, or all."""

    table: str = Field(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")
    reads: Literal["period", "up_to", "key", "all"] = "period"
    days_before: int = Field(default=0, ge=0)
    days_after: int = Field(default=0, ge=0)
    key: str | None = None

    @property
    def argument(self) -> str:
        """Return the name of the transform's parameter that takes these rows."""
        return self.table.partition(".")[2]


class ColumnMask(Element):
    """What becomes of a column with personal data in the masked table; `redact` leaves the column out."""

    column: str
    mask: str = Field(pattern=r"^(redact|domain|year|hash|prefix\([1-9]\))$")


class Build(Element):
    """How a table is built. `replaces` is what is recomputed whole: a period of its event time, or its keys."""

    transform: str = Field(pattern=TRANSFORM.pattern)
    """Below glue_jobs/transforms/, or of a table of the forecast below glue_jobs/demand_forecast/."""

    replaces: Literal["days", "weeks", "months", "keys", "all"]
    upstreams: tuple[Upstream, ...] = ()
    workflow: Literal["refresh", "forecast"] = "refresh"
    """The refresh builds a table when what it reads has changed; the forecast builds its tables on a schedule."""

    key: str | None = None
    """With `replaces: keys`, the column of this table that holds the keys of the upstreams."""
    unknown_member: bool = False
    """Whether the table has a row for unknown keys. Such a table is built before there is any data."""
    masks: tuple[ColumnMask, ...] = ()
    """Given to the transform as `masks`, where there are any."""
    precedence: tuple[str, ...] = ()
    """Upstreams whose rows may be of the same things, the one that is believed first. Given to the transform."""
    currency: str | None = None
    """The reporting currency, ISO 4217. Given to the transform as `currency`, where the contract names one."""

    @property
    def precedence_of_arguments(self) -> tuple[str, ...]:
        """Return the precedence by the names of the transform's parameters."""
        return tuple(table.partition(".")[2] for table in self.precedence)


def build_of(
    content: Any, primary_key: tuple[str, ...], event_time: str | None, where: str, faults: Faults
) -> Build | None:
    """Return the property as a model; None, with the reasons added to `faults`, when it is invalid."""
    where = f"{where}.cartlake.build"
    try:
        build = Build.model_validate(content)
    except ValidationError as error:
        for fault in error.errors():
            place = ".".join(str(step) for step in (where, *fault["loc"]))
            faults.add(place, fault["input"], fault["msg"][:1].lower() + fault["msg"][1:])
        return None
    _check_replaces(build, primary_key, event_time, where, faults)
    _check_currency(build, where, faults)
    # `processed.orders` and `curated.orders` would both be the argument `orders`.
    for argument, count in Counter(upstream.argument for upstream in build.upstreams).items():
        if count > 1:
            faults.add(
                f"{where}.upstreams",
                argument,
                "two upstreams of this name; the transform has one argument for each, so read only one",
            )
    _check_precedence(build, f"{where}.precedence", faults)
    for upstream in build.upstreams:
        _check(upstream, build, f"{where}.upstreams.{upstream.table}", faults)
    return build


def _check_precedence(build: Build, where: str, faults: Faults) -> None:
    tables = {upstream.table for upstream in build.upstreams}
    for name, count in Counter(build.precedence).items():
        if name not in tables:
            faults.add(where, name, f"not read by this table: name only its upstreams, {', '.join(sorted(tables))}")
        elif count > 1:
            faults.add(where, name, "named twice: its place must be one")
    if len(build.precedence) == 1:
        faults.add(where, build.precedence[0], "has nothing to come before: name two upstreams or more")


def _check_replaces(
    build: Build, primary_key: tuple[str, ...], event_time: str | None, where: str, faults: Faults
) -> None:
    if build.workflow == "forecast" and build.replaces != "all":
        faults.add(f"{where}.replaces", build.replaces, "a table of the forecast is built whole: write `all`")
    # Rows of a period can only be found and replaced by a column that has their time.
    if build.replaces in PERIODS and event_time is None:
        faults.add(f"{where}.replaces", build.replaces, "name the column of the period as cartlake.eventTime")
    if build.replaces == "keys" and event_time is None:
        advice = "name the event time of the source rows as cartlake.eventTime: it finds keys whose rows are gone"
        faults.add(f"{where}.replaces", build.replaces, advice)
    if build.replaces == "keys" and build.key not in primary_key:
        faults.add(f"{where}.key", build.key, f"name a column of the primary key: {', '.join(primary_key)}")
    if build.replaces != "keys" and build.key is not None:
        faults.add(f"{where}.key", build.key, "goes with `replaces: keys`")


def _check_currency(build: Build, where: str, faults: Faults) -> None:
    if build.currency is None:
        return
    if not CURRENCY.fullmatch(build.currency):
        faults.add(f"{where}.currency", build.currency, "write the three capital letters of ISO 4217, such as EUR")
    if build.workflow == "forecast":
        faults.add(f"{where}.currency", build.currency, "leave it out: prices of the forecast are in euros")


def _check(upstream: Upstream, build: Build, where: str, faults: Faults) -> None:
    # The two are only valid together, and each without the other is a likely mistake.
    if (upstream.reads == "key") != (upstream.key is not None):
        faults.add(f"{where}.key", upstream.key, "goes with `reads: key`: the column that holds this table's key")
    if upstream.reads == "key" and build.replaces != "keys":
        faults.add(f"{where}.reads", upstream.reads, "only a table that replaces keys reads by key")
    if upstream.reads in ("period", "up_to") and build.replaces not in PERIODS:
        faults.add(f"{where}.reads", upstream.reads, "only a table that replaces days, weeks or months has periods")
    for name, days in (("daysBefore", upstream.days_before), ("daysAfter", upstream.days_after)):
        if upstream.reads != "period" and days:
            faults.add(f"{where}.{name}", days, "goes with `reads: period`")
