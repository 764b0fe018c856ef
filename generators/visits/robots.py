"""Robots among the visitors: crawlers with their own user agent, and two kinds with the user agent of a browser."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from generators.plan.world import MOST_PARTS, Day, WorldPlan
from generators.randomness import Ints
from generators.shop.markets import COUNTRIES
from generators.shop.shop import PRODUCT_COUNT
from generators.times import DAY, HOUR
from generators.visits.events import QUICK_DELAYS, ROBOT_PART, event_numbers
from generators.visits.steps import PAGE_VIEW, PRODUCT_VIEW
from generators.visits.tables import CRAWLER_AGENTS, FIRST_PRODUCT_PAGE, HUMAN_AGENTS, UNITED_STATES
from generators.visits.visits import visitor_identifiers

ROBOTS: Final = 1 << 45
DAILY_ROBOTS: Final = 1 << 44  # the same every day
BURST_GAPS: Final = np.array([0, 0, 1, 0, 0, 1, 0, 1])  # 160 events a minute


@dataclass(frozen=True)
class RobotKind:
    """`per_order`: robots of the kind a day. Each sends `events` in one go, or so many every hour."""

    name: str
    per_order: float
    events: int
    hourly: bool = False
    crawler: bool = False


ROBOT_KINDS: Final = (
    RobotKind("crawler", 1 / 400, 60, crawler=True),
    RobotKind("burst", 1 / 1_500, 150),
    RobotKind("all_hours", 1 / 2_000, 8, hourly=True),
)


@dataclass(frozen=True)
class Robot:
    """One robot on one day; `visitor` is its visitor number."""

    kind: RobotKind
    visitor: int


def robots_of(rng: np.random.Generator, day: Day) -> list[Robot]:
    robots = []
    for number, kind in enumerate(ROBOT_KINDS):
        count = int(day.orders * kind.per_order + rng.random())
        first = DAILY_ROBOTS if kind.hourly else ROBOTS + (day.index * len(ROBOT_KINDS) + number) * (1 << 20)
        robots += [Robot(kind, first + index) for index in range(count)]
    return robots


def robot_events(
    rng: np.random.Generator, plan: WorldPlan, day: Day, robots: list[Robot]
) -> dict[str, npt.NDArray[Any]]:
    moments = [robot_moments(rng, day, robot.kind) for robot in robots]
    sizes = np.array([len(at) for at in moments])
    robot = np.repeat(np.arange(len(robots)), sizes)
    visitors = visitor_identifiers(plan, np.array([robot.visitor for robot in robots]))
    agents = [
        len(HUMAN_AGENTS) + int(rng.integers(len(CRAWLER_AGENTS))) if robot.kind.crawler else int(rng.integers(3))
        for robot in robots
    ]
    at = np.concatenate(moments)
    size = len(at)
    kind = np.where(rng.random(size) < 0.8, PRODUCT_VIEW, PAGE_VIEW)  # noqa: PLR2004 - mostly products
    product = FIRST_PRODUCT_PAGE + rng.integers(0, PRODUCT_COUNT, size)
    return {
        "number": event_numbers(plan, day.index * MOST_PARTS + ROBOT_PART, size),
        "at": at,
        "type": kind,
        "visitor": visitors[robot],
        "customer": np.full(size, -1),
        "page": np.where(kind == PRODUCT_VIEW, product, rng.integers(0, 11, size)),
        "order": np.full(size, -1),
        "source": np.full(size, -1),
        "agent": np.array(agents)[robot] * len(COUNTRIES) + UNITED_STATES,
        "received": at + QUICK_DELAYS[rng.integers(0, len(QUICK_DELAYS), size)],
    }


def robot_moments(rng: np.random.Generator, day: Day, kind: RobotKind) -> Ints:
    if kind.hourly:
        hours = np.repeat(np.arange(24), kind.events)
        return day.start + np.sort(hours * HOUR + rng.integers(0, HOUR, len(hours)))
    gaps = rng.integers(5, 60, kind.events) if kind.crawler else BURST_GAPS[rng.integers(0, 8, kind.events)]
    return day.start + int(rng.integers(0, DAY)) + np.cumsum(gaps)
