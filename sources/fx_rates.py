"""Reference rates of the euro, from the XML files of the European Central Bank: one of 90 days, one of all days."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

from cartlake.times import stamp, utc_now
from sources.errors import SchemaChangedError
from sources.http import Answer, Http, UnreadableAnswerError
from sources.model import Page, Row, SourceInfo, Window

if TYPE_CHECKING:
    from collections.abc import Iterator

ADDRESS: Final = "https://www.ecb.europa.eu/stats/eurofxref"
RECENT: Final = "eurofxref-hist-90d.xml"
HISTORY: Final = "eurofxref-hist.xml"
RECENT_DAYS: Final = timedelta(days=80)
"""How far the first day of a window may be back for the file of 90 days to hold it, with days to spare."""

CURRENCIES: Final = frozenset({"USD", "GBP", "SEK", "PLN"})
"""What the contract allows; a test compares them."""
FIRST_DAY: Final = date(2016, 1, 1)
"""The contract allows 2015 too, but smoke tests need a month without rows."""

INFO: Final = SourceInfo(
    name="fx_rates",
    modified_column="rate_date",
    overlap=timedelta(days=10),  # rates are corrected within days
    unstable_columns=frozenset({"updated_at"}),
)
_CUBE: Final = "{http://www.ecb.int/vocabulary/2002-08-01/eurofxref}Cube"


@dataclass(frozen=True, slots=True)
class FxRates:
    """The rates below an address, of the currencies that the contract allows."""

    address: str = ADDRESS
    http: Http = field(default_factory=lambda: Http(INFO.name))
    info: SourceInfo = INFO

    def now(self) -> datetime:
        """Return the time of this machine: no window depends on it."""
        return utc_now()

    def pages(self, window: Window, cursor: str | None) -> Iterator[Page]:
        """Yield the one page there is: empty where the file has not changed since the last sync."""
        del cursor  # one page has none
        first = max(window.since.date(), FIRST_DAY) if window.since else FIRST_DAY
        name = RECENT if window.until.date() - first <= RECENT_DAYS else HISTORY
        url = f"{self.address.rstrip('/')}/{name}"
        etag = window.validators.get(url)
        yield self.http.send(
            "GET", url, lambda answer: _page(answer, url, first), headers={"If-None-Match": etag} if etag else {}
        )


def _page(answer: Answer, url: str, first: date) -> Page:
    if answer.status == HTTPStatus.NOT_MODIFIED:
        return Page((), None)
    rows = tuple(_rows(answer, url, first))
    etag = answer.headers.get("ETag")
    return Page(rows, None, {url: etag} if etag else {})


def _rows(answer: Answer, url: str, first: date) -> Iterator[Row]:
    """Yield the rates of the days from `first` on. Raises UnreadableAnswerError for XML that is cut off."""
    try:
        document = ET.fromstring(answer.body)  # noqa: S314 - expat limits what entities expand to
    except ET.ParseError as error:
        raise UnreadableAnswerError(f"{url} is not whole: {error}") from error
    if not (days := document.findall(f"{_CUBE}/{_CUBE}[@time]")):
        raise SchemaChangedError(
            f"{url} has no element Cube with a time, so it is not the file that the European Central Bank publishes. "
            f"Nothing was read. Look at the address in the lake's setting sources.fx_rates.url."
        )
    published = _published(answer)
    for day in days:
        if date.fromisoformat(day.attrib["time"]) >= first:
            yield from (_row(day, rate, published) for rate in day if rate.get("currency") in CURRENCIES)


def _row(day: ET.Element, rate: ET.Element, published: datetime) -> Row:
    try:
        values = {"currency": rate.attrib["currency"], "rate": rate.attrib["rate"]}
    except KeyError as error:
        raise SchemaChangedError(
            f"The rates of {day.attrib['time']} have no attribute {error}: the European Central Bank changed its file. "
            f"Nothing was read."
        ) from error
    return {"rate_date": day.attrib["time"], **values, "updated_at": stamp(published)}


def _published(answer: Answer) -> datetime:
    """Return when the file was published: a rate that was corrected is then newer than the one before."""
    said = answer.headers.get("Last-Modified")
    return parsedate_to_datetime(said).astimezone(UTC) if said else utc_now()
