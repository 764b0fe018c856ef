"""The built catalog is complete, and a page that works anywhere."""

import re
import subprocess
from collections import Counter
from html.parser import HTMLParser
from itertools import combinations
from pathlib import Path

import pytest

from data_catalog.build import documents
from data_catalog.checks import faults_of
from data_catalog.diagrams import flow_diagram, lineage_diagram, model_diagram
from data_catalog.drawing import COLOURS, svg
from data_catalog.model import read_catalog
from data_catalog.page import page, search_items
from tests.contract.pictures import Picture

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def catalog():
    return read_catalog(ROOT)


@pytest.fixture(scope="module")
def built(catalog):
    return documents(catalog)


@pytest.fixture(scope="module")
def html(built):
    return built["build/docs/index.html"]


class Page(HTMLParser):
    """Elements of a page with their attributes, in order."""

    def __init__(self, html):
        super().__init__()
        self.elements = []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def all(self, *tags):
        return [attributes for tag, attributes in self.elements if tag in tags]


@pytest.fixture(scope="module")
def read(html):
    return Page(html)


def test_what_is_built_has_no_broken_link_and_misses_nothing(catalog, built):
    assert set(built) == {
        f"build/docs/{name}" for name in ("index.html", "data-dictionary.md", "data-flow.svg", "curated-model.svg")
    }
    assert [*faults_of(catalog, built)] == []


def test_the_dictionary_has_every_table_column_and_rule(catalog, built):
    sections = dict(part.split("\n", 1) for part in built["build/docs/data-dictionary.md"].split("\n## ")[1:])

    assert list(sections) == [entry.name for entry in catalog.entries]
    for entry in catalog.entries:
        section = sections[entry.name]
        assert all(f"\n| `{one.column.name}`" in section for one in entry.columns)
        assert all(one.column.description in section for one in entry.columns if "|" not in one.column.description)
        rules = (*entry.table.row_rules, *entry.table.table_rules)
        assert all(f"\n| `{rule.name}`" in section for rule in rules)
        assert all(f"`{source}`" in section for one in entry.columns for source in one.sources)


def test_nothing_that_is_built_is_committed():
    committed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    names = {Path(line).name for line in committed.splitlines()}

    assert names.isdisjoint({"data-dictionary.md", "data-flow.svg", "curated-model.svg"})


def test_the_same_catalog_gives_the_same_bytes(catalog, built):
    assert documents(catalog) == built


def test_every_table_column_rule_and_query_can_be_found(catalog):
    found = {(item["kind"], item.get("where", ""), item["name"]) for item in search_items(catalog)}

    for entry in catalog.entries:
        assert ("table", "", entry.name) in found
        assert {("column", entry.name, one.column.name) for one in entry.columns} <= found
        rules = (*entry.table.row_rules, *entry.table.table_rules)
        assert {("rule", entry.name, rule.name) for rule in rules} <= found
    assert {query.name for query in catalog.queries} == {
        *(path.stem for path in (ROOT / "athena_queries").glob("*.sql")),
        *(path.stem for path in (ROOT / "athena_queries" / "views").glob("*.sql")),
    }


def test_every_link_leads_somewhere(read, catalog):
    routes = {attributes["data-route"] for attributes in read.all("section")}
    ids = {attributes["id"] for _, attributes in read.elements if "id" in attributes}
    links = {attributes["href"].removeprefix("#") for attributes in read.all("a")}

    assert {link for link in links if "#" not in link} <= routes
    assert {link for link in links if "#" in link} <= ids
    assert {item["href"].removeprefix("#") for item in search_items(catalog)} <= routes | ids


def test_ids_are_unique(read):
    ids = Counter(attributes["id"] for _, attributes in read.elements if "id" in attributes)

    assert [name for name, count in ids.items() if count > 1] == []


def test_every_button_has_something_to_act_on(read):
    ids = {attributes["id"] for _, attributes in read.elements if "id" in attributes}
    buttons = read.all("button")

    assert len(buttons) > 100
    assert all((button.get("data-copy") or button.get("aria-controls")) in ids for button in buttons)


def test_the_page_needs_nothing_from_anywhere(html, read):
    assert re.findall(r"(?:url\(|src=|href=)[\"']?(?:https?:|//)", html) == []
    assert "@import" not in html
    assert all("src" not in attributes for _, attributes in read.elements)
    assert [link["href"] for link in read.all("link")] == ["data:,"]


def test_people_who_do_not_see_or_point_find_their_way(read):
    assert read.all("html") == [{"lang": "en"}]
    assert len(read.all("main")) == len(read.all("header")) == 1
    assert read.all("nav")[0]["aria-label"]
    assert read.all("input")[0]["aria-label"]
    assert all(section["data-title"] for section in read.all("section"))
    assert all({"tabindex", "role", "aria-label"} <= set(area) for area in read.all("pre"))
    assert all(cell.get("scope") in {"row", "col"} for cell in read.all("th"))


def test_personal_data_is_marked(html, catalog):
    marked = html.split('data-route="/pii"')[1].split("</section>")[0]

    pii = [f"{entry.name}.{one.column.name}" for entry in catalog.entries for one in entry.columns if one.column.pii]
    assert len(pii) > 10
    assert [name for name in pii if f">{name}</a>" not in marked] == []


def test_without_a_lake_the_page_says_how_to_get_its_figures(html):
    assert html.count("<code>lake contracts docs --live</code>") == html.count('data-route="/table/')


def test_text_of_contracts_cannot_become_markup(catalog):
    contract = catalog.entries[0].contract  # the one that all tests of this process share
    purpose = contract.purpose
    object.__setattr__(contract, "purpose", "<script>alert(1)</script>")
    try:
        assert "<script>alert(1)" not in page(catalog)
    finally:
        object.__setattr__(contract, "purpose", purpose)


@pytest.fixture(params=["flow", "model", "lineage of curated.fct_orders", "lineage of curated.dim_product"])
def diagram(request, catalog):
    kind, _, table = request.param.partition(" of ")
    made = {"flow": flow_diagram, "model": model_diagram}.get(kind)
    return made(catalog) if made else lineage_diagram(catalog, table)


@pytest.fixture
def picture(diagram):
    return Picture(svg(diagram, "one", alone=True))


def test_every_label_fits_its_card_and_every_card_the_picture(diagram, picture):
    assert len(picture.cards) == len(diagram.cards)
    for card in picture.cards:
        assert picture.left < card.left
        assert card.right < picture.right
        assert picture.top < card.top
        assert card.bottom < picture.bottom
        assert card.labels
        assert all(card.left < x and x + 7.2 * len(text) <= card.right for x, _, text in card.labels)


def test_no_two_cards_touch(picture):
    for one, other in combinations(picture.cards, 2):
        apart = one.right < other.left or other.right < one.left or one.bottom < other.top or other.bottom < one.top
        assert apart, (one.labels, other.labels)


def test_no_line_runs_through_a_card(diagram, picture):
    assert len(picture.lines) == len(diagram.joins)
    for line in picture.lines:
        for card in picture.cards:
            inside = [(x, y) for x, y in line if card.left < x < card.right and card.top < y < card.bottom]
            assert inside == [], card.labels


def test_lines_join_the_rows_they_are_about(diagram, picture):
    seen = {(card.title, card.colour): card for card in picture.cards}
    cards = {card.name: seen[card.title, COLOURS[card.kind]] for card in diagram.cards}
    lines = list(picture.lines)
    for join in diagram.joins:
        source, target = cards[join.source], cards[join.target]
        start = (source.right, source.level(join.source_row))
        end = (target.left, target.level(join.target_row))
        lines.remove(next(line for line in lines if near(line[0], start) and near(line[-1], end)))
    assert lines == []


def near(spot, place):
    """An arrow head of at most ten pixels lies between a line and its card."""
    return abs(spot[0] - place[0]) < 10 and abs(spot[1] - place[1]) < 5


def test_the_model_shows_every_reference_between_its_tables(catalog):
    diagram = model_diagram(catalog)
    shown = {card.name for card in diagram.cards}

    references = [
        (entry.name, one.refers_to.table)
        for entry in catalog.entries
        for one in entry.columns
        if one.refers_to and {entry.name, one.refers_to.table} <= shown
    ]
    drawn = Counter(frozenset((join.source, join.target)) for join in diagram.joins)
    assert drawn == Counter(map(frozenset, references))
    assert {entry.name for entry in catalog.entries if entry.table.database == "curated"} <= shown


def test_the_flow_shows_every_step_from_files_to_queries(catalog):
    joins = {(join.source, join.target) for join in flow_diagram(catalog).joins}

    steps = {(up, entry.name) for entry in catalog.entries for up in entry.built_from}
    assert steps <= joins
    assert ("file processed.transactions", "processed.transactions") in joins
    assert ("curated.conversion_funnel", "query conversion_funnel") in joins
