"""Checks of the built documents: broken links, ids given twice, tables and columns that are missing."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser

from data_catalog.dictionary import anchor
from data_catalog.model import Catalog

_LINK = re.compile(r"\]\(#([^)]+)\)")


def faults_of(catalog: Catalog, files: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence for each fault in the HTML and Markdown files; `files` maps names to texts."""
    for name, text in files.items():
        if name.endswith(".html"):
            yield from (f"{name}: {fault}" for fault in _page_faults(catalog, text))
        if name.endswith(".md"):
            yield from (f"{name}: {fault}" for fault in _dictionary_faults(catalog, text))


class _Places(HTMLParser):
    """What a page can be linked to, and what it links to."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids = Counter[str]()
        self.links = list[str]()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("id", "data-route") and value:
                self.ids[value] += 1
            if tag == "a" and name == "href" and value:
                self.links.append(value)


def _page_faults(catalog: Catalog, html: str) -> Iterator[str]:
    places = _Places(html)
    wanted = [*(link.removeprefix("#") for link in places.links)]
    yield from (f"the link #{link} leads nowhere" for link in dict.fromkeys(wanted) if link not in places.ids)
    yield from (f"the id {name} is given {count} times" for name, count in places.ids.items() if count > 1)
    for entry in catalog.entries:
        if f"/table/{entry.name}" not in places.ids:
            yield f"the table {entry.name} is missing"
            continue
        for one in entry.columns:
            if f"/table/{entry.name}#{one.column.name}" not in places.ids:
                yield f"the column {entry.name}.{one.column.name} is missing"


def _dictionary_faults(catalog: Catalog, markdown: str) -> Iterator[str]:
    sections = dict(_sections(markdown))
    anchors = {anchor(name) for name in sections}
    links = dict.fromkeys(_LINK.findall(markdown))
    yield from (f"the link #{link} leads nowhere" for link in links if link not in anchors)
    for entry in catalog.entries:
        if entry.name not in sections:
            yield f"the table {entry.name} is missing"
            continue
        for one in entry.columns:
            if f"\n| `{one.column.name}`" not in sections[entry.name]:
                yield f"the column {entry.name}.{one.column.name} is missing"


def _sections(markdown: str) -> Iterator[tuple[str, str]]:
    """Each heading of the second level, with the text below it."""
    for section in markdown.split("\n## ")[1:]:
        title, _, text = section.partition("\n")
        yield title, text
