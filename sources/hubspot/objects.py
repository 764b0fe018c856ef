"""HubSpot's objects as sources: what was modified in a window, by ascending id."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from cartlake import contracts
from cartlake.times import stamp
from sources.errors import SchemaChangedError
from sources.hubspot.client import PAGE_ROWS, HubSpot
from sources.model import Page, Row, SourceInfo, Window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cartlake.contracts import Column

OVERLAP: Final = timedelta(minutes=15)
"""The search finds a record seconds after it was modified, and minutes after an import."""
ID: Final = "hs_object_id"
COMPANY_COLUMN: Final = "primary_company_id"
"""The column of contacts that is no property of HubSpot: it is asked for as an association."""


@dataclass(frozen=True, slots=True)
class ObjectKind:
    """A kind of object: what HubSpot calls it, the property that says when it was modified, and its dataset.

    `prefix` is what its ids begin with in the lake: a number alone would be anything, where a person is looked for.
    """

    name: str
    modified: str
    dataset: str
    prefix: str
    has_company: bool = False


CONTACTS: Final = ObjectKind("contacts", "lastmodifieddate", "hubspot_contacts", "CON-", has_company=True)
COMPANIES: Final = ObjectKind("companies", "hs_lastmodifieddate", "hubspot_companies", "COM-")


@dataclass(frozen=True, slots=True)
class HubSpotObjects:
    """A kind of object as a source. The aliases of the contract's columns are the properties that are read."""

    kind: ObjectKind
    hubspot: HubSpot

    @property
    def info(self) -> SourceInfo:
        """Return name, modification time and overlap."""
        return SourceInfo(self.kind.dataset, self.kind.modified, OVERLAP)

    def now(self) -> datetime:
        """Return the time by HubSpot's clock. Raises SchemaChangedError where HubSpot lacks a property."""
        names, time = self.hubspot.properties(self.kind.name)
        if missing := [name for name in self._columns() if name not in names]:
            raise SchemaChangedError(
                f"HubSpot has no property {', '.join(missing)} of {self.kind.name} any more. Nothing was read. Name "
                f"the new property as alias in contracts/{self.kind.dataset}.odcs.yaml, or take the column out there."
            )
        return time

    def pages(self, window: Window, cursor: str | None) -> Iterator[Page]:
        """Yield the records that were modified in a window; a cursor is the last id that was read."""
        self.now()  # a sync that goes on after days may find other properties
        filters, columns, after = self._filters(window), self._columns(), int(cursor or 0)
        while True:
            found = self.hubspot.search(self.kind.name, filters, after, list(columns))
            ids = [str(record["id"]) for record in found.records]
            companies = self.hubspot.primary_companies(ids) if self.kind.has_company else {}
            rows = tuple(self._row(record, columns, companies) for record in found.records)
            if found.total <= PAGE_ROWS:
                yield Page(rows, None)
                return
            after = int(ids[-1])
            yield Page(rows, str(after))

    def _filters(self, window: Window) -> list[dict[str, str]]:
        until = str(_milliseconds(window.until))
        if window.since is None:
            return [{"propertyName": self.kind.modified, "operator": "LTE", "value": until}]
        since = str(_milliseconds(window.since))
        return [{"propertyName": self.kind.modified, "operator": "BETWEEN", "value": since, "highValue": until}]

    def _row(self, record: dict[str, Any], columns: dict[str, Column], companies: dict[str, str]) -> Row:
        values = record["properties"]
        row = {name: _value(values.get(name), column) for name, column in columns.items()}
        row[ID] = f"{self.kind.prefix}{record['id']}"
        if self.kind.has_company:
            company = companies.get(str(record["id"]))
            row[COMPANY_COLUMN] = company and f"{COMPANIES.prefix}{company}"
        return row

    def _columns(self) -> dict[str, Column]:
        """Return the columns of the contract by the property that each is read from."""
        columns = contracts.load(self.kind.dataset).table.file_columns
        return {(*column.aliases, column.name)[0]: column for column in columns if column.name != COMPANY_COLUMN}


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _value(value: str | None, column: Column) -> str | None:
    """Return a value of HubSpot: empty texts are none, and times are milliseconds or ISO 8601, as it likes."""
    if value is None or value == "":
        return None
    if column.type != "timestamp":
        return value
    if value.isdecimal():
        return stamp(datetime.fromtimestamp(int(value) / 1000, UTC))
    return stamp(datetime.fromisoformat(value))
