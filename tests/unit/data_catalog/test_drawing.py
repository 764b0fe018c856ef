"""A drawing is readable: cards apart, lines around them, links only where they lead somewhere, the same every time."""

import random
from itertools import combinations
from xml.etree import ElementTree as ET

import pytest

from data_catalog.drawing import COLOURS, Card, Diagram, DrawingError, Join, svg
from tests.contract.pictures import SVG, Picture


def graph(seed):
    """Some forty cards in six columns, each joined to some further right."""
    chance = random.Random(seed)
    columns = {f"b{i}": chance.randrange(6) for i in range(40)}
    cards = [
        Card(name, name, chance.choice(list(COLOURS)), rows=[f"row {i}" for i in range(chance.choice([0, 2, 5]))])
        for name in columns
    ]
    joins = [
        Join(left, right)
        for left in columns
        for right in columns
        if columns[left] < columns[right] and chance.random() < 0.08
    ]
    return Diagram("A graph", "Of chance.", cards, joins)


SEEDS = range(8)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_two_cards_touch(seed):
    picture = Picture(svg(graph(seed), "one"))

    assert len(picture.cards) == 40
    for one, other in combinations(picture.cards, 2):
        apart = one.right < other.left or other.right < one.left or one.bottom < other.top or other.bottom < one.top
        assert apart, (one.title, other.title)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_line_runs_through_a_card(seed):
    diagram = graph(seed)

    picture = Picture(svg(diagram, "one"))

    assert len(picture.lines) == len(diagram.joins)
    for line in picture.lines:
        for card in picture.cards:
            # a line may touch an edge, where it ends
            assert not any(card.left + 1 < x < card.right - 1 and card.top + 1 < y < card.bottom - 1 for x, y in line)


def test_lines_begin_and_end_at_the_rows_they_are_asked_to():
    cards = [Card("a", "a", "raw", rows=["one", "two"]), Card("b", "b", "curated", rows=["three", "four"])]

    picture = Picture(svg(Diagram("", "", cards, [Join("a", "b", "two", "three")]), "one"))

    left, right = picture.cards
    [line] = picture.lines
    assert line[0] == pytest.approx((left.right, left.level("two")), abs=3)
    assert line[-1] == pytest.approx((right.left, right.level("three")), abs=10)
    assert left.right < right.left


def test_a_card_told_to_stand_first_or_last_does():
    cards = [Card("q", "q", "query", end="last"), Card("t", "t", "curated"), Card("f", "f", "raw", end="first")]
    chain = [Card(f"c{i}", f"c{i}", "curated") for i in range(3)]

    picture = Picture(svg(Diagram("", "", [*cards, *chain], [Join("f", "q"), Join("c0", "c1"), Join("c1", "c2")]), "x"))

    left = {card.title: card.left for card in picture.cards}
    assert left["f"] == min(left.values())
    assert left["q"] == max(left.values())


def test_neighbours_stand_level_so_that_lines_do_not_cross():
    cards = [Card(name, name, "curated") for name in "abxy"]

    picture = Picture(svg(Diagram("", "", cards, [Join("a", "y"), Join("b", "x")]), "one"))

    top = {card.title: card.top for card in picture.cards}
    assert (top["a"] < top["b"]) == (top["y"] < top["x"])


def test_the_same_graph_is_drawn_the_same():
    assert svg(graph(1), "one") == svg(graph(1), "one")


DIAGRAM = Diagram("Title & <more>", "What it shows", [Card("t", "t", "raw", "#/t", about='"quoted" & <b>')], [])


def test_a_card_is_a_link_with_a_name_and_a_tooltip_within_the_page():
    tree = ET.fromstring(svg(DIAGRAM, "one"))

    [link] = tree.iter(f"{SVG}a")
    assert link.attrib == {"href": "#/t", "aria-label": "t"}
    assert [title.text for title in tree.iter(f"{SVG}title")] == ["Title & <more>", '"quoted" & <b>']


def test_a_file_of_its_own_has_no_links():
    tree = ET.fromstring(svg(DIAGRAM, "one", alone=True))

    assert [*tree.iter(f"{SVG}a")] == []
    assert tree.attrib["role"] == "img"


@pytest.mark.parametrize("alone", [True, False])
def test_a_diagram_says_what_it_shows(alone):
    tree = ET.fromstring(svg(DIAGRAM, "one", alone=alone))

    ids = {element.attrib["id"]: element.text for element in tree.iter() if "id" in element.attrib}
    assert ids == {"one-title": "Title & <more>", "one-about": "What it shows"}
    assert tree.attrib["aria-labelledby"].split() == list(ids)


def test_nothing_reaches_standard_error(capfd):
    svg(DIAGRAM, "one")

    assert capfd.readouterr().err == ""


def test_what_graphviz_says_of_a_broken_graph_is_in_the_error(monkeypatch):
    monkeypatch.setattr("data_catalog.drawing._table", lambda card: "<<TABLE><TR>>")

    with pytest.raises(DrawingError, match="mismatched tag in line 1"):
        svg(DIAGRAM, "one")
