"""The catalog as one HTML file that needs nothing else: no server, no network, no fonts."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from data_catalog.diagrams import flow_diagram, lineage_diagram, model_diagram
from data_catalog.drawing import svg
from data_catalog.live import Live
from data_catalog.model import ZONES, Catalog, ColumnEntry, Entry, Query

TEMPLATES = Path(__file__).with_name("templates")


@dataclass(frozen=True)
class PageEntry(Entry):
    """A table, with the properties that only the page shows."""

    @property
    def pii(self) -> bool:
        """Whether a column holds personal data."""
        return any(one.column.pii for one in self.columns)

    @property
    def first_rows(self) -> str:
        """A query of ten rows, the newest first where the table has an event time."""
        newest = f"\norder by {self.table.event_time} desc" if self.table.event_time else ""
        return f"select *\nfrom {self.name}{newest}\nlimit 10"


def page(catalog: Catalog, live: Live | None = None) -> str:
    """Return the HTML, with figures of a deployed lake if they are given. The same input gives the same bytes."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["prose"] = prose
    entries = [PageEntry(**entry.__dict__) for entry in catalog.entries]
    text = environment.get_template("index.html.j2").render(
        entries=entries,
        tables={entry.name for entry in entries},
        by_zone={zone: [entry for entry in entries if entry.table.database == zone] for zone in ZONES},
        zones=ZONES,
        queries=catalog.queries,
        query_by_name={query.name: query for query in catalog.queries},
        live=live,
        column_count=sum(len(entry.columns) for entry in entries),
        rule_count=sum(len(entry.table.row_rules) + len(entry.table.table_rules) for entry in entries),
        contract_count=len({entry.contract.name for entry in entries}),
        flow=svg(flow_diagram(catalog), "flow"),
        model=svg(model_diagram(catalog), "model"),
        lineage={
            entry.name: svg(lineage_diagram(catalog, entry.name), f"lineage-{entry.name.replace('.', '-')}")
            for entry in entries
        },
        search_index=_json(search_items(catalog)),
        column_sources=_json(_sources(catalog)),
        file_columns=_json({entry.name: entry.files for entry in entries if entry.files}),
        style=(TEMPLATES / "style.css").read_text(),
        script=(TEMPLATES / "app.js").read_text(),
    )
    return "\n".join(line.rstrip() for line in text.split("\n"))


def prose(text: str) -> Markup:
    """Words of a contract or a query as HTML: escaped, with `names` in backticks as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped within


def search_items(catalog: Catalog) -> list[dict[str, str]]:
    """Return everything that can be searched for: its kind and name, the text that is searched, the link to it."""
    return [
        *(item for entry in catalog.entries for item in _of_table(entry)),
        *(
            _item("view" if query.kind == "view" else "query", query.name, f"#/query/{query.name}", _text(query))
            for query in catalog.queries
        ),
    ]


def _of_table(entry: Entry) -> Iterable[dict[str, str]]:
    href, table, contract = f"#/table/{entry.name}", entry.table, entry.contract
    about = f"{contract.purpose} {table.description} {table.grain} {contract.owner} {contract.domain}"
    yield _item("table", entry.name, href, about)
    for one in entry.columns:
        marks = " ".join(filter(None, ["PII" if one.column.pii else "", one.column.classification or ""]))
        parts = " ".join(f"{part.path} {part.description}".strip() for part in one.column.parts)
        text = " ".join(filter(None, [one.column.description, one.column.type, parts, marks]))
        yield _item("column", one.column.name, f"{href}#{one.column.name}", text, entry.name)
    for rule in table.row_rules:
        text = f"{rule.description} {rule.condition} {rule.severity}".strip()
        yield _item("rule", rule.name, f"{href}#{rule.name}", text, entry.name)
    for whole in table.table_rules:
        text = f"{whole.description} {whole.metric} {whole.expected} {whole.severity}".strip()
        yield _item("rule", whole.name, f"{href}#{whole.name}", text, entry.name)


def _text(query: Query) -> str:
    return f"{query.about} {query.owner} {' '.join(query.reads)} {' '.join(query.sql.split())}"


def _item(kind: str, name: str, href: str, text: str, where: str = "") -> dict[str, str]:
    return {"kind": kind, "name": name, "href": href, "text": text, **({"where": where} if where else {})}


def _sources(catalog: Catalog) -> dict[str, list[str]]:
    columns: Iterable[tuple[Entry, ColumnEntry]] = ((e, one) for e in catalog.entries for one in e.columns)
    return {f"{e.name}.{one.column.name}": [*map(str, one.sources)] for e, one in columns if one.sources}


def _json(value: Any) -> str:
    """JSON without `<`, so that no text in it can end the script element around it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).replace("<", "\\u003c")
