"""The data dictionary: every table, column and rule as one Markdown page."""

from collections.abc import Iterator

from cartlake.contracts.nested import Part
from data_catalog.model import ZONES, Catalog, ColumnEntry, Entry

HEAD = """# Data dictionary

Every table of the lake with its columns, rules and lineage.
`lake contracts docs` builds this page from the contracts.
The page `index.html` beside it has the same with search, diagrams and queries.
"""


def dictionary(catalog: Catalog) -> str:
    """Return the dictionary as Markdown. The same catalog gives the same text."""
    return "\n".join([HEAD, *_contents(catalog), *(line for entry in catalog.entries for line in _table(entry))])


def _contents(catalog: Catalog) -> Iterator[str]:
    for zone, about in ZONES.items():
        entries = [entry for entry in catalog.entries if entry.table.database == zone]
        if entries:
            yield f"- **{zone}**, {about}: {', '.join(f'[{e.table.bare_name}](#{anchor(e.name)})' for e in entries)}"
    yield ""


def _table(entry: Entry) -> Iterator[str]:
    table, contract = entry.table, entry.contract
    yield from (f"## {entry.name}", "", contract.purpose, "")
    if table.description and table.description != contract.purpose:
        yield from (table.description, "")
    yield from ("| | |", "| --- | --- |")
    yield from (f"| {name} | {_cell(value)} |" for name, value in _properties(entry) if value)
    yield from ("", "| column | type | required | personal data | about | comes from |", "| --- " * 6 + "|")
    for one in entry.columns:
        yield _column(entry, one)
        yield from map(_part, one.column.parts)
    yield ""
    if table.row_rules or table.table_rules:
        yield from ("| rule | severity | holds when |", "| --- | --- | --- |")
        for rule in table.row_rules:
            yield f"| `{rule.name}` | {rule.severity} | {_rule(rule.description, rule.condition)} |"
        for whole in table.table_rules:
            measured = f"{whole.metric}({', '.join(whole.columns)})" if whole.columns else whole.query or whole.metric
            text = _rule(whole.description, measured)
            yield f"| `{whole.name}`, of the table | {whole.severity} | {text} {_cell(whole.expected)} |"
        yield ""


def _properties(entry: Entry) -> Iterator[tuple[str, str]]:
    table, contract = entry.table, entry.contract
    yield "grain", table.grain
    yield "owner", f"{contract.owner}, {contract.domain}"
    yield "contract", f"`contracts/{contract.name}.odcs.yaml` {contract.version}, {contract.status}"
    yield "zone", f"{table.database}: {ZONES[table.database]}"
    yield "primary key", _names(table.primary_key)
    yield "newest version by", _names((table.version_column,) if table.version_column else ())
    yield "event time", _names((table.event_time,) if table.event_time else ())
    yield "partitioned by", _names(tuple(f"{field.transform}({field.column})" for field in table.partitioning))
    yield "freshness SLA", entry.freshness_sla
    yield "files", f"`{entry.files}`: {', '.join(contract.accepted_formats)}" if entry.files else ""
    yield "built by", f"`{table.build.transform}`, replaces {table.build.replaces}" if table.build else ""
    yield "reporting currency", (table.build.currency or "") if table.build else ""
    yield "built from", _links(entry.built_from)
    yield "used by", _links(entry.used_by)
    yield "queries and views", _names(entry.queries)
    yield "limitations", contract.limitations
    yield "usage", contract.usage


def _column(entry: Entry, one: ColumnEntry) -> str:
    column = one.column
    name = f"`{column.name}`" + (" (key)" if column.primary_key else "")
    classified = column.classification or ""
    personal = f"**yes**, {classified}" if column.pii and classified else "**yes**" if column.pii else classified
    refers = f" Refers to `{one.refers_to}`." if one.refers_to else ""
    required = "yes" if column.required else ""
    about = _cell(column.description) + refers
    return f"| {name} | `{column.type}` | {required} | {personal} | {about} | {_origin(entry, one)} |"


def _part(part: Part) -> str:
    return f"| `{part.path}` | `{part.type}` | {'yes' if part.required else ''} | | {_cell(part.description)} | |"


def _origin(entry: Entry, one: ColumnEntry) -> str:
    if one.sources:
        return ", ".join(f"`{source}`" for source in one.sources)
    if one.column.added_by_lake or not (entry.files or entry.table.build):
        return "the lake"
    return "the file" if entry.files else "counted or constant"


def _rule(description: str, expression: str) -> str:
    words = f"{_cell(description)} " if description else ""
    return f"{words}`{_cell(expression)}`"


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _links(names: tuple[str, ...]) -> str:
    return ", ".join(f"[{name}](#{anchor(name)})" for name in names)


def anchor(name: str) -> str:
    """The anchor of a heading, as GitHub makes it."""
    return name.replace(".", "")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
