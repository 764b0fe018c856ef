"""What a diagram shows, read from its SVG: cards with their labels, and spots along its lines."""

import re
from dataclasses import dataclass
from itertools import pairwise
from xml.etree import ElementTree as ET

SVG = "{http://www.w3.org/2000/svg}"
NUMBER = r"-?\d+(?:\.\d+)?"


@dataclass(frozen=True)
class CardSeen:
    """A card: its edges, its colour, and for each label its left end, the middle of its letters and its text."""

    left: float
    top: float
    right: float
    bottom: float
    colour: str
    labels: tuple

    @property
    def title(self):
        return self.labels[0][2]

    def level(self, row):
        """How low the middle of a row is, or of the title for None."""
        wanted = self.title if row is None else row
        return next(y for _, y, text in self.labels if text == wanted)


class Picture:
    def __init__(self, svg):
        root = ET.fromstring(svg)
        _, _, width, height = map(float, root.attrib["viewBox"].split())
        graph = root.find(f"{SVG}g")
        x, y = map(float, re.search(rf"translate\(({NUMBER}) ({NUMBER})\)", graph.attrib["transform"]).groups())
        self.left, self.top, self.right, self.bottom = -x, -y, width - x, height - y
        groups = [(group.attrib.get("class", "").split(), group) for group in graph.iter(f"{SVG}g")]
        self.cards = [_card(group) for classes, group in groups if "card" in classes]
        self.lines = [_line(group) for classes, group in groups if "edge" in classes]


def _card(group):
    shapes = [shape for shape in group.iter() if shape.tag in (f"{SVG}path", f"{SVG}polygon")]
    spots = [spot for shape in shapes for spot in _numbers(shape.attrib.get("d") or shape.attrib["points"])]
    xs, ys = [x for x, _ in spots], [y for _, y in spots]
    labels = [
        (float(text.attrib["x"]), float(text.attrib["y"]) - 4, text.text.replace("\xa0", " "))
        for text in group.iter(f"{SVG}text")
    ]
    colour = next(shape.attrib["fill"] for shape in shapes if shape.attrib.get("fill", "none") != "none")
    return CardSeen(min(xs), min(ys), max(xs), max(ys), colour, tuple(labels))


def _line(group):
    """Spots along the curve, from its left end to its right end."""
    numbers = _numbers(group.find(f"{SVG}path").attrib["d"])
    ends = [numbers[0], *numbers[3::3]]
    curves = zip(pairwise(ends), zip(numbers[1::3], numbers[2::3], strict=True), strict=True)
    spots = [spot for (start, end), (a, b) in curves for spot in _along(start, a, b, end)]
    return spots if spots[0][0] <= spots[-1][0] else spots[::-1]


def _along(*corners):
    for step in range(21):
        t = step / 20
        weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
        yield tuple(sum(w * corner[axis] for w, corner in zip(weights, corners, strict=True)) for axis in (0, 1))


def _numbers(path):
    return [(float(x), float(y)) for x, y in re.findall(rf"({NUMBER}),({NUMBER})", path)]
