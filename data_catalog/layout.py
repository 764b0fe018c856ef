"""Draws a directed graph in columns, left to right, so that lines cross little and never run through a box.

Sugiyama's method in small: lines that skip columns get a place of their own in each (a lane), columns are ordered by
the mean place of their neighbours, and boxes then move towards those neighbours as far as the others let them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

SWEEPS = 24
GAP = 18.0
LANE = 8.0
"""Height a passing line needs, and the least space between two things in a column."""


@dataclass(frozen=True)
class Box:
    """Something to place. `column` counts from the left."""

    name: str
    column: int
    width: float
    height: float


@dataclass(frozen=True)
class Line:
    """From a box to one in a column further right; the offsets say how far below the tops of the boxes it ends."""

    source: str
    target: str
    source_offset: float
    target_offset: float


@dataclass(frozen=True)
class Drawing:
    """Where the boxes' top left corners are, and the points of each line, in order of the lines given."""

    corners: Mapping[str, tuple[float, float]]
    points: Sequence[Sequence[tuple[float, float]]]
    width: float
    height: float


@dataclass
class _Slot:
    """A box, or a lane of a line."""

    height: float
    top: float = 0.0

    @property
    def middle(self) -> float:
        return self.top + self.height / 2


def draw(boxes: Sequence[Box], lines: Sequence[Line], column_gap: float = 64.0) -> Drawing:
    """Place the boxes and route the lines. The same input gives the same drawing."""
    slots: dict[str, _Slot] = {box.name: _Slot(box.height) for box in boxes}
    columns: list[list[str]] = [[] for _ in range(1 + max(box.column for box in boxes))]
    for box in boxes:
        columns[box.column].append(box.name)
    column_of = {box.name: box.column for box in boxes}
    paths = [_path(line, place, column_of, columns, slots) for place, line in enumerate(lines)]
    neighbours = _neighbours(slots, paths)
    _order(columns, neighbours)
    _place(columns, slots, neighbours)
    lefts = _lefts(columns, boxes, column_gap)
    return Drawing(
        corners={box.name: (lefts[box.column][0], slots[box.name].top) for box in boxes},
        points=[
            _points(line, path, lefts, slots, column_of[line.source]) for line, path in zip(lines, paths, strict=True)
        ],
        width=lefts[-1][1],
        height=max(slot.top + slot.height for slot in slots.values()),
    )


def _path(
    line: Line, place: int, column_of: Mapping[str, int], columns: list[list[str]], slots: dict[str, _Slot]
) -> list[str]:
    """The slots a line goes through; makes its lanes. Lines of one source to one far target share nothing."""
    between = range(column_of[line.source] + 1, column_of[line.target])
    lanes = [f"lane {place} {column}" for column in between]
    for lane, column in zip(lanes, between, strict=True):
        slots[lane] = _Slot(LANE)
        columns[column].append(lane)
    return [line.source, *lanes, line.target]


def _neighbours(slots: Iterable[str], paths: Sequence[Sequence[str]]) -> dict[str, tuple[list[str], list[str]]]:
    """For each slot those left and those right of it."""
    found: dict[str, tuple[list[str], list[str]]] = {name: ([], []) for name in slots}
    for path in paths:
        for left, right in pairwise(path):
            found[left][1].append(right)
            found[right][0].append(left)
    return found


def _order(columns: list[list[str]], neighbours: Mapping[str, tuple[list[str], list[str]]]) -> None:
    """Sort every column in place; of all sweeps the one with the fewest crossings is kept."""
    best, fewest = [list(column) for column in columns], _crossings(columns, neighbours)
    for sweep in range(SWEEPS):
        side = sweep % 2  # to the right by what is left, then back
        for column in columns if side == 0 else reversed(columns):
            places = {name: place for other in columns for place, name in enumerate(other)}
            wanted = {
                name: (_mean([places[other] for other in neighbours[name][side]], place), place)
                for place, name in enumerate(column)
            }
            column.sort(key=wanted.__getitem__)
        crossings = _crossings(columns, neighbours)
        if crossings < fewest:
            best, fewest = [list(column) for column in columns], crossings
    columns[:] = best


def _crossings(columns: list[list[str]], neighbours: Mapping[str, tuple[list[str], list[str]]]) -> int:
    places = {name: place for column in columns for place, name in enumerate(column)}
    total = 0
    for column in columns:
        ends = [(places[name], places[right]) for name in column for right in neighbours[name][1]]
        total += sum(1 for i, (a, b) in enumerate(ends) for c, d in ends[:i] if (a - c) * (b - d) < 0)
    return total


def _place(
    columns: list[list[str]], slots: dict[str, _Slot], neighbours: Mapping[str, tuple[list[str], list[str]]]
) -> None:
    for column in columns:
        _stack(column, slots, 0.0)
    tallest = max(slots[column[-1]].top + slots[column[-1]].height for column in columns if column)
    for column in columns:
        _stack(column, slots, (tallest - slots[column[-1]].top - slots[column[-1]].height) / 2 if column else 0.0)
    for sweep in range(SWEEPS):
        for column in columns if sweep % 2 == 0 else reversed(columns):
            _settle(column, slots, {name: _wanted_top(slots, name, neighbours[name]) for name in column})
    highest = min(slot.top for slot in slots.values())
    for slot in slots.values():
        slot.top = round(slot.top - highest, 1)


def _wanted_top(slots: Mapping[str, _Slot], name: str, neighbours: tuple[list[str], list[str]]) -> float:
    """Where a slot would stand level with its neighbours."""
    slot = slots[name]
    middles = [slots[other].middle for side in neighbours for other in side]
    return _mean(middles, slot.middle) - slot.height / 2


def _stack(column: Sequence[str], slots: dict[str, _Slot], top: float) -> None:
    for name in column:
        slots[name].top = top
        top += slots[name].height + GAP


def _settle(column: Sequence[str], slots: dict[str, _Slot], wanted: Mapping[str, float]) -> None:
    """Move each slot to where it wants to be without touching another: half-way between packing down and packing up."""
    down, up, end = [], [], float("-inf")
    for name in column:
        top = max(wanted[name], end)
        down.append(top)
        end = top + slots[name].height + GAP
    start = float("inf")
    for name in reversed(column):
        top = min(wanted[name], start - slots[name].height - GAP if start != float("inf") else wanted[name])
        up.append(top)
        start = top
    for name, low, high in zip(column, down, reversed(up), strict=True):
        slots[name].top = (low + high) / 2


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _lefts(columns: list[list[str]], boxes: Sequence[Box], gap: float) -> list[tuple[float, float]]:
    """Left and right edge of each column."""
    lefts, left = [], 0.0
    for place in range(len(columns)):
        width = max((box.width for box in boxes if box.column == place), default=0.0)
        lefts.append((left, left + width))
        left += width + gap
    return lefts


def _points(
    line: Line, path: Sequence[str], lefts: Sequence[tuple[float, float]], slots: Mapping[str, _Slot], first: int
) -> list[tuple[float, float]]:
    points = [(lefts[first][1], slots[path[0]].top + line.source_offset)]
    for column, lane in enumerate(path[1:-1], start=first + 1):
        points += [(edge, slots[lane].middle) for edge in lefts[column]]
    return [*points, (lefts[first + len(path) - 1][0], slots[path[-1]].top + line.target_offset)]
