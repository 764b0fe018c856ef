"""Diagrams as SVG: cards with rows, joined by lines. Graphviz, which pygraphviz contains, lays them out."""

import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from math import ceil
from typing import Literal
from xml.etree import ElementTree as ET

from pygraphviz import AGraph

from cartlake.errors import TerminalError

COLOURS = {
    "raw": "#fdf0d5",
    "processed": "#dbeafe",
    "curated": "#d8f3dc",
    "masked": "#e4e7eb",
    "ops": "#ece6f6",
    "query": "#f6dfeb",
}
INK, EDGE = "#1b2430", "#8a97a8"
"""Colours of a light page. style.css replaces each of them, found by its value, on a dark one."""

CHARACTER = 7.25
"""Width in pixels of a character at 12 px, a little more than any common monospaced font has."""

SVG = "http://www.w3.org/2000/svg"
_ABSENT_HERE = ("font-family", "font-size", "font-weight", "text-anchor")
"""Attributes that style.css sets for the text of a diagram within the page."""


class DrawingError(TerminalError):
    """Graphviz did not draw a diagram; the message contains what it wrote."""


@dataclass(frozen=True)
class Card:
    """A box with a title and rows. `kind` is a key of COLOURS, `link` where a click leads, `about` its tooltip."""

    name: str
    title: str
    kind: str
    link: str = ""
    rows: Sequence[str] = ()
    about: str = ""
    here: bool = False
    end: Literal["", "first", "last"] = ""
    """Whether the card stands in the first or the last column."""


@dataclass(frozen=True)
class Join:
    """A line from a card to one further right, from row to row; None is the title. `arrow` says which end has it."""

    source: str
    target: str
    source_row: str | None = None
    target_row: str | None = None
    arrow: Literal["end", "start"] = "end"


@dataclass(frozen=True)
class Diagram:
    """Cards and lines with a title, a sentence on what they show, and the kinds of cards by their names."""

    title: str
    about: str
    cards: Sequence[Card]
    joins: Sequence[Join]
    legend: Mapping[str, str] = field(default_factory=dict)
    column_gap: float = 0.9
    """In inches, as Graphviz measures: 72 pixels each."""


def svg(diagram: Diagram, name: str, *, alone: bool = False) -> str:
    """Return the SVG. `name` is an id within the page; with `alone` it is a file of its own, without links.

    Raises DrawingError with what Graphviz wrote.
    """
    ET.register_namespace("", SVG)
    root = ET.fromstring(_drawn(_graph(diagram, links=not alone)))  # noqa: S314 - written by Graphviz a moment ago
    about = {card.name: card for card in diagram.cards}
    for element in root.iter():
        element.attrib.pop("id", None)
    for group in root.iter(f"{{{SVG}}}g"):
        _labelled(group, about)
    if not alone:
        _styled_by_page(root)
    _head(root, diagram, name, "img" if alone else "group")
    return ET.tostring(root, encoding="unicode") + "\n"


def _graph(diagram: Diagram, *, links: bool) -> AGraph:
    graph = AGraph(directed=True, strict=False, name="diagram")
    graph.graph_attr.update(
        rankdir="LR", nodesep="0.16", ranksep=str(diagram.column_gap), outputorder="edgesfirst", bgcolor="transparent"
    )
    if diagram.legend:
        graph.graph_attr.update(label=_legend(diagram.legend), labelloc="t", labeljust="l")
    graph.node_attr.update(shape="plain", fontname="Courier", fontsize="12", fontcolor=INK)
    graph.edge_attr.update(color=EDGE, arrowsize="0.6", penwidth="1.2")
    rows = {card.name: list(card.rows) for card in diagram.cards}
    for card in diagram.cards:
        link = {"URL": card.link} if links and card.link else {}
        graph.add_node(card.name, label=_table(card), **{"class": "card here" if card.here else "card"}, **link)
    for end, rank in (("first", "source"), ("last", "sink")):
        if names := [card.name for card in diagram.cards if card.end == end]:
            graph.add_subgraph(names, rank=rank)
    for join in diagram.joins:
        graph.add_edge(
            join.source,
            join.target,
            tailport=f"{_port(rows[join.source], join.source_row)}:e",
            headport=f"{_port(rows[join.target], join.target_row)}:w",
            dir="forward" if join.arrow == "end" else "back",
        )
    return graph


def _port(rows: list[str], row: str | None) -> str:
    return "title" if row is None else f"row{rows.index(row)}"


def _table(card: Card) -> str:
    """The card as one of Graphviz's HTML-like labels."""
    width = ceil(max(len(text) for text in (card.title, *card.rows)) * CHARACTER) + 8
    rows = "".join(
        f'<TR><TD PORT="row{place}" ALIGN="LEFT" CELLPADDING="3">{escape(row)}</TD></TR>'
        for place, row in enumerate(card.rows)
    )
    border = f'BORDER="{2 if card.here else 1}" COLOR="{INK if card.here else EDGE}"'
    return (
        f'<<TABLE STYLE="ROUNDED" {border} CELLBORDER="0" CELLSPACING="0" BGCOLOR="{COLOURS[card.kind]}">'
        f'<TR><TD PORT="title" ALIGN="LEFT" CELLPADDING="3" WIDTH="{width}"><B>{escape(card.title)}</B></TD></TR>'
        f"{'<HR/>' if rows else ''}{rows}</TABLE>>"
    )


def _legend(legend: Mapping[str, str]) -> str:
    cells = "".join(
        f'<TD BGCOLOR="{COLOURS[kind]}" WIDTH="16"> </TD><TD ALIGN="LEFT"><FONT FACE="Courier" POINT-SIZE="12" '
        f'COLOR="{INK}">{escape(words)}</FONT></TD>'
        for kind, words in legend.items()
    )
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="6"><TR>{cells}</TR></TABLE>>'


def _drawn(graph: AGraph) -> bytes:
    with _standard_error() as written:
        drawn: bytes = graph.draw(format="svg", prog="dot")
        faults = [line for line in written().splitlines() if line.startswith("Error")]
    if faults:
        # Graphviz goes on without the label it could not read, and pygraphviz raises nothing.
        raise DrawingError(f"Graphviz could not read a diagram: {'; '.join(faults)}")
    return drawn


@contextmanager
def _standard_error() -> Iterator[Callable[[], str]]:
    """Keep what C code writes to standard error; gives a function that returns it.

    The fontconfig within pygraphviz is older than that of most machines, and warns of settings it does not need.
    """
    with tempfile.TemporaryFile() as file:
        kept = os.dup(2)
        os.dup2(file.fileno(), 2)

        def written() -> str:
            file.seek(0)
            return file.read().decode(errors="replace")

        try:
            yield written
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def _labelled(group: ET.Element, cards: Mapping[str, Card]) -> None:
    """Give a card its tooltip, and its link a name; the title of a line or of the graph is removed."""
    title = group.find(f"{{{SVG}}}title")
    card = cards.get((title.text if title is not None else "") or "")
    if title is not None and (card is None or not card.about):
        group.remove(title)
    if card is None:
        return
    if title is not None:
        title.text = card.about
    for link in group.iter(f"{{{SVG}}}a"):
        link.attrib = {"href": card.link, "aria-label": card.title}


def _styled_by_page(root: ET.Element) -> None:
    for text in root.iter(f"{{{SVG}}}text"):
        if text.attrib.get("font-weight") == "bold":
            text.attrib["class"] = "title"
        for name in _ABSENT_HERE:
            text.attrib.pop(name, None)


def _head(root: ET.Element, diagram: Diagram, name: str, role: str) -> None:
    _, _, width, height = root.attrib["viewBox"].split()
    root.attrib |= {
        "class": "dg",
        "role": role,
        "aria-labelledby": f"{name}-title {name}-about",
        # One unit is one pixel; Graphviz says points, which browsers draw a third larger.
        "width": re.sub(r"\.0+$", "", width),
        "height": re.sub(r"\.0+$", "", height),
    }
    for place, (tag, text) in enumerate((("title", diagram.title), ("desc", diagram.about))):
        element = ET.Element(f"{{{SVG}}}{tag}", id=f"{name}-{'title' if tag == 'title' else 'about'}")
        element.text = text
        root.insert(place, element)
