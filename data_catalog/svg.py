"""Diagrams as SVG text: cards with rows, joined by curves. Readable in light and in dark, alone and within a page."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from itertools import pairwise

from data_catalog.layout import Box, Drawing, Line, draw

CHARACTER = 7.25
"""Width of a character of the monospaced names at 12 px, a little more than any common font has."""

TITLE, ROW, PAD, MARGIN = 26.0, 18.0, 10.0, 16.0
LEGEND = 34.0

STYLE = """
.dg { --paper: #ffffff; --ink: #1b2430; --soft: #566273; --card: #ffffff; --edge: #8a97a8; --rule: #d5dce4;
  --raw: #fdf0d5; --processed: #dbeafe; --curated: #d8f3dc; --ops: #ece6f6; --query: #f6dfeb; }
@media (prefers-color-scheme: dark) { .dg { --paper: #11161d; --ink: #e8edf3; --soft: #a5b1c0; --card: #1a212b;
  --edge: #6f7d90; --rule: #36414f; --raw: #4a3a17; --processed: #1d3a63; --curated: #1d4a2b; --ops: #3b2f58;
  --query: #552640; } }
.dg text { font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: var(--ink); }
.dg .paper { fill: var(--paper); } .dg .card { fill: var(--card); stroke: var(--edge); }
.dg .line { fill: none; stroke: var(--edge); stroke-width: 1.3; } .dg .arrow { fill: var(--edge); }
.dg .soft { fill: var(--soft); } .dg .title { font-weight: 600; } .dg .rule { stroke: var(--rule); }
.dg .raw { fill: var(--raw); } .dg .processed { fill: var(--processed); } .dg .curated { fill: var(--curated); }
.dg .ops { fill: var(--ops); } .dg .query { fill: var(--query); }
.dg .here { stroke: var(--ink); stroke-width: 2.4; fill: none; }
"""


@dataclass(frozen=True)
class Card:
    """A box with a title and rows. `kind` gives the colour of the title, `link` where a click leads."""

    name: str
    title: str
    column: int
    kind: str
    link: str = ""
    rows: Sequence[str] = ()
    about: str = ""
    here: bool = False
    least_width: float = 0.0

    @property
    def width(self) -> float:
        longest = max(len(text) for text in (self.title, *self.rows))
        return max(longest * CHARACTER + 2 * PAD, self.least_width)

    @property
    def height(self) -> float:
        return TITLE + (len(self.rows) * ROW + 6 if self.rows else 0)

    def offset(self, row: str | None) -> float:
        """How far below its top the middle of a row is, or of the title."""
        return TITLE / 2 if row is None else TITLE + 3 + (list(self.rows).index(row) + 0.5) * ROW


@dataclass(frozen=True)
class Join:
    """A line between cards, from row to row; None is the title. `arrow` is at its end, or at its start."""

    source: str
    target: str
    source_row: str | None = None
    target_row: str | None = None
    arrow: str = "end"


@dataclass(frozen=True)
class Diagram:
    """Cards and lines with a title that says what they show, and the colours that need an explanation."""

    title: str
    about: str
    cards: Sequence[Card]
    joins: Sequence[Join]
    legend: Mapping[str, str] = field(default_factory=dict)
    column_gap: float = 64.0


def svg(diagram: Diagram, name: str, *, alone: bool = False) -> str:
    """The SVG. `name` is an id within the page; `alone` is for a file: it brings its own style and no links."""
    cards = {card.name: card for card in _aligned(diagram.cards)}
    drawing = draw(
        [Box(card.name, card.column, card.width, card.height) for card in cards.values()],
        [_line(join, cards) for join in diagram.joins],
        diagram.column_gap,
    )
    legend = LEGEND if diagram.legend else 0.0
    width = max(drawing.width, _legend_width(diagram.legend)) + 2 * MARGIN
    height = drawing.height + 2 * MARGIN + legend
    labels = f'aria-labelledby="{name}-title {name}-about"'
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="dg" role="{"img" if alone else "group"}" {labels} '
        f'viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}">'
    )
    parts = [
        head,
        f'<title id="{name}-title">{escape(diagram.title)}</title>',
        f'<desc id="{name}-about">{escape(diagram.about)}</desc>',
        f"<style>{STYLE}</style>" if alone else "",
        f'<rect class="paper" width="{width:g}" height="{height:g}" rx="6"/>',
        *_legend(diagram.legend),
        f'<g transform="translate({MARGIN:g} {MARGIN + legend:g})">',
        *_curves(diagram, drawing),
        *(_card(card, drawing.corners[card.name], alone=alone) for card in cards.values()),
        "</g></svg>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _aligned(cards: Iterable[Card]) -> list[Card]:
    """The cards of a column as wide as its widest, so that lines begin and end at cards."""
    cards = list(cards)
    widest: dict[int, float] = {}
    for card in cards:
        widest[card.column] = max(card.width, widest.get(card.column, 0.0))
    return [replace(card, least_width=widest[card.column]) for card in cards]


def _line(join: Join, cards: Mapping[str, Card]) -> Line:
    source, target = cards[join.source], cards[join.target]
    return Line(join.source, join.target, source.offset(join.source_row), target.offset(join.target_row))


def _curves(diagram: Diagram, drawing: Drawing) -> Iterable[str]:
    for join, points in zip(diagram.joins, drawing.points, strict=True):
        (x, y), rest = points[0], list(pairwise(points))
        path = [f"M{x:g} {y:g}"]
        for (x0, y0), (x1, y1) in rest:
            middle = (x0 + x1) / 2
            path.append(f"L{x1:g} {y1:g}" if y0 == y1 else f"C{middle:g} {y0:g} {middle:g} {y1:g} {x1:g} {y1:g}")
        yield f'<path class="line" d="{" ".join(path)}"/>'
        tip, back = (points[-1], -7) if join.arrow == "end" else (points[0], 7)
        yield f'<path class="arrow" d="M{tip[0]:g} {tip[1]:g}l{back} -3.5v7z"/>'


def _card(card: Card, corner: tuple[float, float], *, alone: bool) -> str:
    x, y = corner
    width, height = card.width, card.height
    parts = [
        f"<title>{escape(card.about)}</title>" if card.about else "",
        f'<rect class="card" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="5"/>',
        f'<rect class="{card.kind}" x="{x + 1:g}" y="{y + 1:g}" width="{width - 2:g}" height="{TITLE - 2:g}" rx="4"/>',
        f'<text class="title" x="{x + PAD:g}" y="{y + 17:g}">{escape(card.title)}</text>',
    ]
    for place, row in enumerate(card.rows):
        soft = ' class="soft"' if row.startswith("      and ") else ""
        text = y + TITLE + 3 + place * ROW + 13
        parts.append(f'<text{soft} x="{x + PAD:g}" y="{text:g}" xml:space="preserve">{escape(row)}</text>')
    if card.here:
        parts.append(f'<rect class="here" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="5"/>')
    drawn = "".join(parts)
    if alone or not card.link:
        return f"<g>{drawn}</g>"
    return f'<a href="{escape(card.link)}" aria-label="{escape(card.title)}">{drawn}</a>'


def _legend(legend: Mapping[str, str]) -> Iterable[str]:
    x = MARGIN
    for kind, words in legend.items():
        yield f'<rect class="{kind}" x="{x:g}" y="{MARGIN:g}" width="14" height="14" rx="3"/>'
        yield f'<text x="{x + 20:g}" y="{MARGIN + 11:g}">{escape(words)}</text>'
        x += 20 + len(words) * CHARACTER + 22


def _legend_width(legend: Mapping[str, str]) -> float:
    return sum(42 + len(words) * CHARACTER for words in legend.values())
