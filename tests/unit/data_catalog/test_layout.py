"""A drawing is readable: boxes apart, lines around them, the same every time."""

import random
from itertools import pairwise

import pytest

from data_catalog.layout import Box, Line, draw


def graph(seed):
    """Some forty boxes in six columns, each joined to some further right."""
    chance = random.Random(seed)
    boxes = [Box(f"b{i}", chance.randrange(6), 100, chance.choice([26, 60, 120])) for i in range(40)]
    lines = [
        Line(left.name, right.name, 13, 13)
        for left in boxes
        for right in boxes
        if left.column < right.column and chance.random() < 0.08
    ]
    return boxes, lines


SEEDS = range(8)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_two_boxes_touch(seed):
    boxes, lines = graph(seed)

    drawing = draw(boxes, lines)

    for i, one in enumerate(boxes):
        for other in boxes[:i]:
            (x1, y1), (x2, y2) = drawing.corners[one.name], drawing.corners[other.name]
            apart = x1 + one.width < x2 or x2 + other.width < x1 or y1 + one.height < y2 or y2 + other.height < y1
            assert apart, (one, other)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_line_runs_through_a_box(seed):
    boxes, lines = graph(seed)

    drawing = draw(boxes, lines)

    for line, points in zip(lines, drawing.points, strict=True):
        for x, y in (spot for ends in pairwise(points) for spot in along(*ends)):
            for box in boxes:
                left, top = drawing.corners[box.name]
                inside = left < x < left + box.width and top < y < top + box.height
                assert not inside, (line, box)


def along(start, end):
    """Spots on the curve that joins two points: it leaves and arrives level."""
    (x0, y0), (x1, y1) = start, end
    middle = (x0 + x1) / 2
    for step in range(41):
        t = step / 40
        x = x0 * (1 - t) ** 3 + 3 * middle * t * (1 - t) + x1 * t**3
        yield x, y0 + (y1 - y0) * (3 * t**2 - 2 * t**3)


def test_lines_begin_and_end_where_they_are_asked_to():
    drawing = draw([Box("a", 0, 50, 40), Box("b", 2, 50, 40), Box("c", 1, 80, 30)], [Line("a", "b", 10, 33)])

    (ax, ay), (bx, by) = drawing.corners["a"], drawing.corners["b"]
    assert drawing.points[0][0] == (ax + 50, ay + 10)
    assert drawing.points[0][-1] == (bx, by + 33)


def test_neighbours_stand_level_so_that_lines_do_not_cross():
    boxes = [Box(name, column, 50, 26) for name, column in (("a", 0), ("b", 0), ("x", 1), ("y", 1))]

    drawing = draw(boxes, [Line("a", "y", 13, 13), Line("b", "x", 13, 13)])

    corners = drawing.corners
    assert (corners["a"][1] < corners["b"][1]) == (corners["y"][1] < corners["x"][1])


def test_the_same_graph_is_drawn_the_same():
    assert draw(*graph(1)) == draw(*graph(1))
