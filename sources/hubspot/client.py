"""HubSpot's CRM over HTTP: properties, search by id within a window, and the companies of contacts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar

from cartlake.times import utc_now
from sources.errors import CredentialsError
from sources.http import BAD_CREDENTIALS, Answer, Http, UnreadableAnswerError
from sources.hubspot.tokens import Tokens, parse_json

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

ADDRESS: Final = "https://api.hubapi.com"
PAGE_ROWS: Final = 200
"""The most rows a search gives at once."""
SECONDS_BETWEEN: Final = 0.25
"""HubSpot allows five searches a second, of all of an account's apps together."""
BAD_TOKEN: Final = BAD_CREDENTIALS | {530}
"""The network before HubSpot answers 530 to a token that is none."""
PRIMARY: Final = 1
"""The type of the association of a contact with its primary company."""

Parsed = TypeVar("Parsed")


@dataclass(frozen=True, slots=True)
class Found:
    """The first records of a search, by id, and how many there are in all."""

    records: list[dict[str, Any]]
    total: int


@dataclass(frozen=True, slots=True)
class HubSpot:
    """Asks HubSpot. Each method raises the errors of `Http.send`."""

    address: str
    http: Http
    tokens: Tokens

    def properties(self, kind: str) -> tuple[frozenset[str], datetime]:
        """Return the names of the properties of a kind of object, and the time by HubSpot's clock."""
        return self._send("GET", f"/crm/v3/properties/{kind}", _names_and_time)

    def search(self, kind: str, filters: Sequence[dict[str, str]], after: int, properties: Sequence[str]) -> Found:
        """Return the records that meet all filters and have an id above `after`, at most PAGE_ROWS, by their ids.

        By id, and not by HubSpot's own cursor: that one counts rows, so a row that leaves the window shifts all others,
        and it ends at 10,000.
        """
        ids = {"propertyName": "hs_object_id", "operator": "GT", "value": str(after)}
        request = {
            "filterGroups": [{"filters": [*filters, ids]}],
            "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
            "properties": list(properties),
            "limit": PAGE_ROWS,
        }
        return self._send("POST", f"/crm/v3/objects/{kind}/search", lambda answer: _found(answer, after), request)

    def primary_companies(self, contacts: Sequence[str]) -> dict[str, str]:
        """Return the id of the primary company of each contact that has one."""
        if not contacts:
            return {}
        asked = {"inputs": [{"id": contact} for contact in contacts]}
        return self._send("POST", "/crm/v4/associations/contacts/companies/batch/read", _primary, asked)

    def _send(
        self, method: str, path: str, parse: Callable[[Answer], Parsed], request: dict[str, Any] | None = None
    ) -> Parsed:
        """Ask with the token in use, and once more with a new one: a token ends after 30 minutes, amid a sync."""
        try:
            return self._with(self.tokens.current(), method, path, parse, request)
        except CredentialsError:
            token = self.tokens.renewed()
        try:
            return self._with(token, method, path, parse, request)
        except CredentialsError as error:
            raise CredentialsError(f"{error}. {self.tokens.advice}") from error

    def _with(
        self, token: str, method: str, path: str, parse: Callable[[Answer], Parsed], request: dict[str, Any] | None
    ) -> Parsed:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        body = None if request is None else json.dumps(request).encode()
        return self.http.send(method, f"{self.address}{path}", parse, headers=headers, body=body)


def _names_and_time(answer: Answer) -> tuple[frozenset[str], datetime]:
    names = frozenset(str(one["name"]) for one in parse_json(answer)["results"])
    said = answer.headers.get("Date")
    return names, parsedate_to_datetime(said) if said else utc_now()


def _found(answer: Answer, after: int) -> Found:
    """Return what a search found. Raises UnreadableAnswerError for a page that is not the one asked for."""
    content = parse_json(answer)
    records, total = content["results"], content["total"]
    ids = [after, *(int(record["id"]) for record in records)]
    if ids != sorted(set(ids)):
        raise UnreadableAnswerError(f"a page that begins again: ids from {min(ids[1:])}, asked for those above {after}")
    if len(records) < min(total, PAGE_ROWS):
        raise UnreadableAnswerError(f"a page of {len(records)} rows, where {min(total, PAGE_ROWS)} were expected")
    return Found(records, total)


def _primary(answer: Answer) -> dict[str, str]:
    return {
        str(result["from"]["id"]): str(to["toObjectId"])
        for result in parse_json(answer)["results"]
        for to in result["to"]
        if any(kind["typeId"] == PRIMARY for kind in to["associationTypes"])
    }
