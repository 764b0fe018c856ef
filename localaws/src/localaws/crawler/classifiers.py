"""Custom classifiers of CSV: which files one recognises, and how a table of them is read. Nothing here calls AWS.

https://docs.aws.amazon.com/glue/latest/webapi/API_CsvClassifier.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localaws.crawler.discovery import csv_columns, delimiter_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True)
class CsvFormat:
    """How a CSV is read. With a `quote`, by OpenCSVSerDe; without one by LazySimpleSerDe, for which a quote is text."""

    delimiter: str = ","
    quote: str | None = None


def format_of(head: bytes, classifiers: Iterable[Mapping[str, Any]]) -> CsvFormat:
    """Return how a CSV is read, by its beginning: as the first custom classifier says that recognises it.

    Classifiers for files without a header, or with columns named by the classifier, are not known and recognise none.
    """
    for one in classifiers:
        if _recognises(one, head):
            by_opencsv = one.get("Serde") == "OpenCSVSerDe"
            return CsvFormat(one.get("Delimiter") or ",", (one.get("QuoteSymbol") or '"') if by_opencsv else None)
    return CsvFormat(delimiter_of(head))


def _recognises(classifier: Mapping[str, Any], head: bytes) -> bool:
    delimiter = classifier.get("Delimiter") or ","
    line = head.split(b"\n", 1)[0].decode("utf-8", "replace")
    several = delimiter in line and delimiter_of(head) == delimiter
    single = bool(classifier.get("AllowSingleColumn")) and not any(other in line for other in ",;\t|")
    return classifier.get("ContainsHeader") != "ABSENT" and not classifier.get("Header") and (several or single)


def columns_of(head: bytes, form: CsvFormat) -> dict[str, str]:
    """Return the Glue type of each column: OpenCSVSerDe reads texts only."""
    columns = csv_columns(head)
    return dict.fromkeys(columns, "string") if form.quote else columns
