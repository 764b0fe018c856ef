"""The committed catalog is current, complete, and a page that works anywhere."""

import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from data_catalog.commands import committed_files
from data_catalog.diagrams import flow_diagram, lineage_diagram, model_diagram
from data_catalog.model import read_catalog
from data_catalog.page import page, search_items
from data_catalog.svg import svg

ROOT = Path(__file__).parents[2]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def catalog():
    return read_catalog(ROOT)


@pytest.fixture(scope="module")
def html():
    return (ROOT / "docs" / "catalog" / "index.html").read_text()


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


def test_what_is_committed_is_what_the_contracts_say_now(catalog):
    files = committed_files(catalog)

    old = [name for name, text in files.items() if (ROOT / name).read_text(encoding="utf-8") != text]
    assert old == [], "run `lake contracts docs` and commit what it writes"


def test_the_same_catalog_gives_the_same_bytes(catalog):
    assert committed_files(catalog) == committed_files(catalog)


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
    entry = catalog.entries[0]
    object.__setattr__(entry.contract, "purpose", "<script>alert(1)</script>")
    try:
        assert "<script>alert(1)" not in page(catalog)
    finally:
        object.__setattr__(entry.contract, "purpose", "")


@pytest.fixture(params=["flow", "model", "lineage of curated.fct_orders", "lineage of curated.dim_product"])
def diagram(request, catalog):
    kind, _, table = request.param.partition(" of ")
    made = {"flow": flow_diagram, "model": model_diagram}.get(kind)
    return made(catalog) if made else lineage_diagram(catalog, table)


def test_every_label_fits_its_card_and_every_card_the_picture(diagram):
    tree = ET.fromstring(svg(diagram, "one", alone=True))
    _, _, width, height = map(float, tree.attrib["viewBox"].split())

    cards = [card for card in tree.iter(f"{SVG}rect") if card.attrib.get("class") == "card"]
    assert len(cards) == len(diagram.cards)
    for group in (group for group in tree.iter(f"{SVG}g") if group.find(f"{SVG}rect") is not None):
        card = group.find(f"{SVG}rect").attrib
        right = float(card["x"]) + float(card["width"])
        assert right < width
        assert float(card["y"]) + float(card["height"]) < height
        assert all(float(text.attrib["x"]) + 7.2 * len(text.text) <= right for text in group.iter(f"{SVG}text"))


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
