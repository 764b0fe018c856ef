"""Rules about a whole table: each is measured as one number by one SQL query, and compared with an ODCS threshold.

The two are separate on purpose: a job measures, and the publisher compares the numbers with the contract, so that it
does not rely on the job to judge its own output.
"""

# ruff: noqa: S608 - this module writes SQL; its parts come from contracts and from our own jobs

import math
import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from cartlake.contracts.rules.sql import exact_numbers, literal

Dialect: TypeAlias = Literal["spark", "duckdb", "trino"]
Metric: TypeAlias = Literal["rowCount", "duplicateValues", "nullValues", "failingValues", "freshness", "sql"]

_COMPARE: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "mustBe": (operator.eq, "must be"),
    "mustNotBe": (operator.ne, "must not be"),
    "mustBeGreaterThan": (operator.gt, "must be greater than"),
    "mustBeGreaterOrEqualTo": (operator.ge, "must be at least"),
    "mustBeLessThan": (operator.lt, "must be less than"),
    "mustBeLessOrEqualTo": (operator.le, "must be at most"),
}
# The function that turns an instant into a number, and how many of it make a second.
_EPOCH: dict[Dialect, tuple[str, int]] = {
    "spark": ("unix_micros", 10**6),
    "duckdb": ("epoch_us", 10**6),
    "trino": ("to_unixtime", 1),
}
SECONDS_PER_UNIT = {"s": 1, "min": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, slots=True)
class Threshold:
    """An ODCS comparison. `values` holds one number, or both ends (included) of a range."""

    operator: str
    values: tuple[float, ...]

    def holds(self, value: float) -> bool:
        """Return whether the value meets the comparison."""
        if self.operator in _COMPARE:
            return _COMPARE[self.operator][0](value, self.values[0])
        inside = self.values[0] <= value <= self.values[1]
        return inside if self.operator == "mustBeBetween" else not inside

    def __str__(self) -> str:
        numbers = " and ".join(f"{value:g}" for value in self.values)
        if self.operator in _COMPARE:
            return f"{_COMPARE[self.operator][1]} {numbers}"
        return f"must {'' if self.operator == 'mustBeBetween' else 'not '}be between {numbers}"


@dataclass(frozen=True, slots=True)
class TableRule:
    """A condition the rows in scope must meet together.

    `failing` (metric `failingValues`) is SQL that is true for a row that counts. `query` (metric `sql`) is the
    contract's own, with `${table}` where the rows in scope go. `unit` is rows, percent, or a unit of time.
    """

    name: str
    severity: Literal["error", "warning"]
    metric: Metric
    threshold: Threshold
    columns: tuple[str, ...] = ()
    unit: str = "rows"
    failing: str = ""
    query: str = ""
    description: str = ""

    @property
    def hours(self) -> float:
        """Return the threshold of a rule about freshness, in hours."""
        return self.threshold.values[-1] * SECONDS_PER_UNIT[self.unit] / SECONDS_PER_UNIT["h"]

    @property
    def expected(self) -> str:
        """Return the threshold in words, with its unit: `must be at most 60 percent`."""
        return f"{self.threshold} {self.unit}" if self.metric != "sql" else str(self.threshold)

    def judge(self, value: float | None) -> bool:
        """Return whether the measured value meets the threshold; False for None and for NaN."""
        return value is not None and not math.isnan(value) and self.threshold.holds(value)

    def measure_sql(
        self, relation: str, *, where: str | None = None, now: datetime | None = None, dialect: Dialect = "spark"
    ) -> str:
        """Return a query of one row with one number (a double, or null when there is nothing to measure).

        `relation` is a table or view, `where` an SQL condition that narrows it to the rows in scope, such as the days
        a batch touched; `now` is what freshness is measured against, the engine's clock when left out.
        """
        scope = _scope(relation, where)
        aggregate = self.aggregate_sql(now=now, dialect=dialect)
        if aggregate is not None:
            return f"select {aggregate} as value from {scope}"
        if self.metric == "sql":
            query = exact_numbers(self.query) if dialect == "trino" else self.query
            return f"select cast(({query.replace('${table}', scope)}) as double) as value"
        keys = ", ".join(self.columns)
        extra = _share("sum(copies - 1)", "sum(copies)", self.unit)
        return f"select {extra} as value from (select count(*) as copies from {scope} group by {keys}) as per_key"

    def aggregate_sql(self, *, now: datetime | None = None, dialect: Dialect = "spark") -> str | None:
        """Return the measurement as one aggregate over the rows in scope, None when it needs a query of its own."""
        match self.metric:
            case "rowCount":
                return "cast(count(*) as double)"
            case "nullValues":
                return _share(f"sum(case when {self.columns[0]} is null then 1 else 0 end)", "count(*)", self.unit)
            case "failingValues":
                failing = exact_numbers(self.failing) if dialect == "trino" else self.failing
                return _share(f"sum(case when {failing} then 1 else 0 end)", "count(*)", self.unit)
            case "freshness":
                return self._age_sql(now, dialect)
            case _:
                return None

    def _age_sql(self, now: datetime | None, dialect: Dialect) -> str:
        epoch, per_second = _EPOCH[dialect]
        clock = "current_timestamp" if now is None else literal(now.astimezone(UTC))
        age = f"{epoch}({clock}) - {epoch}(max({self.columns[0]}))"
        return f"cast({age} as double) / {SECONDS_PER_UNIT[self.unit] * per_second}"


@dataclass(frozen=True, slots=True)
class Measurement:
    """One query and the rules it measures: it returns one row with a column per rule, in order, named by the rule."""

    rules: tuple[str, ...]
    sql: str


def measurements(
    rules: Iterable[TableRule],
    relation: str,
    *,
    where: str | None = None,
    now: datetime | None = None,
    dialect: Dialect = "spark",
) -> tuple[Measurement, ...]:
    """Return the queries of all rules: one for all plain aggregates together, one for each other rule."""
    together: dict[str, str] = {}
    alone: list[Measurement] = []
    for rule in rules:
        aggregate = rule.aggregate_sql(now=now, dialect=dialect)
        if aggregate is not None:
            together[rule.name] = f"{aggregate} as {rule.name}"
            continue
        inner = rule.measure_sql(relation, where=where, now=now, dialect=dialect)
        alone.append(Measurement((rule.name,), f"select value as {rule.name} from ({inner}) as measured"))
    if not together:
        return tuple(alone)
    # One scan for all: each query of its own would read the rows again.
    scan = f"select {', '.join(together.values())} from {_scope(relation, where)}"
    return (Measurement(tuple(together), scan), *alone)


def _scope(relation: str, where: str | None) -> str:
    return relation if where is None else f"(select * from {relation} where {where})"


def _share(count: str, total: str, unit: str) -> str:
    if unit == "rows":
        return f"cast(coalesce({count}, 0) as double)"
    # No rows have no share: null, for which `judge` is false.
    return f"cast({count} as double) * 100 / nullif({total}, 0)"
