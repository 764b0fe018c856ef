"""HubSpot's CRM with its habits, as its documents and its users describe them.

1. A search gives at most 10,000 results; asking beyond them by `after` is answered with 400.
2. Associations are no part of a search: they take a call of their own, of version 4.
3. A list of properties over 15,000 characters is refused.
4. Times are sometimes milliseconds since 1970 and sometimes ISO 8601.
5. A token lives for 30 minutes: 401 amid a sync.
6. A bad token is answered with 530 by the network before HubSpot.
7. Five searches a second, then 429.
8. That 429 has no `Retry-After`.
9. The search lags: it finds a record in its new version seconds after it was modified.

`after` of a search counts the records that are skipped; that of a list is the id behind which it goes on. Both are so
that peers are measured against the same server: Cartlake uses neither. Archived records are in no search.
"""

import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.servers.http import FaultyServer, Reply, Request, json_reply

MOST_RESULTS = 10_000
MOST_LISTED = 100
MOST_CHARACTERS = 15_000
TOKEN_SECONDS = 1_800
SEARCHES_A_SECOND = 5
BASIC = {
    "contacts": ("email", "firstname", "lastname", "phone", "country", "lifecyclestage", "hs_email_optout"),
    "companies": ("name", "domain", "industry", "country", "numberofemployees", "annualrevenue"),
}
MODIFIED = {"contacts": "lastmodifieddate", "companies": "hs_lastmodifieddate"}
SINGULAR = {"contacts": "contact", "companies": "company"}


@dataclass
class Record:
    """A version of a record: `modified` and `visible` are seconds, when it was made and when the search finds it."""

    id: int
    modified: float
    visible: float
    values: dict = field(default_factory=dict)


class HubSpotServer(FaultyServer):
    """`time` are seconds since 1970 by HubSpot's clock; None is the clock of this machine."""

    def __init__(self, time_: float | None = None, *, lag: float = 0.0) -> None:
        super().__init__()
        self.date, self.lag = time_, lag
        self.records = {"contacts": {}, "companies": {}}
        self.archived = {"contacts": {}, "companies": {}}  # by id, when they were
        self.merged = {"contacts": set(), "companies": set()}  # into another one: in no list at all
        self.companies_of = {}
        self.removed_properties = set()
        self.tokens = {"private": float("inf")}  # token: when it ends
        self.searched = []  # by the clock of this machine, as the limit is
        self.pace, self.most_results = True, MOST_RESULTS
        self.on_search = lambda: None

    def now(self) -> float:
        return time.time() if self.date is None else self.date

    def wait(self, seconds: float) -> None:
        """Have so much time pass, by HubSpot's clock alone."""
        self.date = self.now() + seconds

    def save(self, kind: str, number: int, **values: object) -> float:
        """Make or modify a record; returns its modification time as the contract has it."""
        versions = self.records[kind].setdefault(number, [])
        created = versions[0].values["createdate"] if versions else self.now()
        before = versions[-1].values if versions else {}
        modified = int(self.now() * 1000) / 1000
        versions.append(Record(number, modified, modified + self.lag, {**before, **values, "createdate": created}))
        return modified

    def archive(self, kind: str, number: int) -> None:
        self.archived[kind][number] = self.now()

    def merge(self, kind: str, number: int, into: int) -> None:
        """Merge a record into another one, which is modified by it."""
        self.merged[kind].add(number)
        self.save(kind, into)

    def newest(self, kind: str) -> dict[int, Record]:
        """The newest version of each record that there is, whether the search finds it yet or not."""
        gone = self.archived[kind].keys() | self.merged[kind]
        return {number: versions[-1] for number, versions in self.records[kind].items() if number not in gone}

    def searchable(self, kind):
        there = self.newest(kind)
        visible = ([one for one in self.records[kind][n] if one.visible <= self.now()] for n in there)
        return [versions[-1] for versions in visible if versions]

    def reply(self, request: Request) -> Reply:
        if request.path == "/oauth/v1/token":
            return self.give_token(request)
        if refused := self.refused(request):
            return refused
        _, _, version, *rest = urlsplit(request.path).path.split("/")
        if version == "v4":
            return self.associations(request)
        if rest[0] == "properties":
            return self.properties(rest[1])
        if request.method == "GET":
            return self.listed(rest[1], request)
        return self.read(rest[1], request) if rest[2] == "batch" else self.search(rest[1], request)

    def give_token(self, request):
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        if form != {"grant_type": "refresh_token", "client_id": "app", "client_secret": "s3", "refresh_token": "again"}:
            return json_reply({"status": "BAD_REFRESH_TOKEN", "message": "missing or invalid refresh token"}, 400)
        token = f"token-{len(self.tokens)}"
        self.tokens[token] = self.now() + TOKEN_SECONDS
        return json_reply({"access_token": token, "expires_in": TOKEN_SECONDS, "token_type": "bearer"})

    def refused(self, request):
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in self.tokens:
            return Reply(530, b"error code: 1016", {"Content-Type": "text/plain"})
        if self.tokens[token] <= self.now():
            return json_reply({"status": "error", "category": "EXPIRED_AUTHENTICATION"}, 401)
        return None

    def properties(self, kind):
        names = {*BASIC[kind], "createdate", "hs_object_id", MODIFIED[kind], "hs_internal"} - self.removed_properties
        return json_reply({"results": [{"name": name, "type": "string"} for name in sorted(names)]})

    def search(self, kind, request):
        asked = request.json()
        now = time.monotonic()
        self.searched = [moment for moment in self.searched if moment > now - 1] + [now]
        if self.pace and len(self.searched) > SEARCHES_A_SECOND:
            return json_reply({"status": "error", "errorType": "RATE_LIMIT", "policyName": "SECONDLY"}, 429)
        if len(json.dumps(asked["properties"])) > MOST_CHARACTERS:
            return json_reply({"status": "error", "message": "property list too long"}, 400)
        skipped = int(asked.get("after") or 0)
        if skipped + asked["limit"] > self.most_results:
            return json_reply({"status": "error", "message": "over 10,000 results"}, 400)
        [group] = asked["filterGroups"]
        found = [one for one in self.searchable(kind) if all(meets(kind, one, rule) for rule in group["filters"])]
        for rule in asked.get("sorts") or [{"propertyName": "hs_object_id", "direction": "ASCENDING"}]:
            found.sort(key=partial(property_of, kind, rule["propertyName"]))
        page = found[skipped : skipped + asked["limit"]]
        answer = {"total": len(found), "results": [self.shown(kind, one, asked["properties"]) for one in page]}
        if len(found) > skipped + len(page):
            answer["paging"] = {"next": {"after": str(skipped + len(page))}}
        self.on_search()
        return json_reply(answer)

    def listed(self, kind, request):
        """A page of the list of all records, by id, without the lag of the search."""
        asked = parse_qs(urlsplit(request.path).query)
        is_archived, after = asked.get("archived") == ["true"], int(asked.get("after", ["0"])[0])
        limit = min(int(asked.get("limit", ["10"])[0]), MOST_LISTED)
        names = ",".join(asked.get("properties", [])).split(",")
        there = [self.records[kind][n][-1] for n in self.archived[kind]] if is_archived else self.newest(kind).values()
        found = sorted((one for one in there if one.id > after), key=lambda one: one.id)
        answer = {"results": [self.shown(kind, one, names) for one in found[:limit]]}
        if len(found) > limit:
            query = urlencode({name: values[0] for name, values in asked.items()} | {"after": found[limit - 1].id})
            link = f"http://{request.headers['Host']}/crm/v3/objects/{kind}?{query}"
            answer["paging"] = {"next": {"after": str(found[limit - 1].id), "link": link}}
        if not is_archived:
            self.on_search()
        return json_reply(answer)

    def read(self, kind, request):
        asked = request.json()
        there = [self.records[kind][int(one["id"])][-1] for one in asked["inputs"]]
        return json_reply(
            {"status": "COMPLETE", "results": [self.shown(kind, one, asked["properties"]) for one in there]}
        )

    def shown(self, kind, one, properties):
        known = {**one.values, "hs_object_id": str(one.id), MODIFIED[kind]: one.modified}
        values = {name: known.get(name) for name in properties if name not in self.removed_properties}
        for name in ("createdate", MODIFIED[kind]):
            if name in values:
                values[name] = written(values[name], in_milliseconds=(one.id + len(name)) % 2 == 0)
        shown = {"id": str(one.id), "properties": values, "archived": one.id in self.archived[kind]}
        times = {"createdAt": one.values["createdate"], "updatedAt": one.modified}
        if shown["archived"]:
            times["archivedAt"] = self.archived[kind][one.id]
        return shown | {name: written(moment, in_milliseconds=False) for name, moment in times.items()}

    def associations(self, request):
        asked = [one["id"] for one in request.json()["inputs"]]
        found = [contact for contact in asked if int(contact) in self.companies_of]
        results = [
            {
                "from": {"id": contact},
                "to": [
                    {"toObjectId": 1, "associationTypes": [{"category": "HUBSPOT_DEFINED", "typeId": 279}]},
                    {
                        "toObjectId": self.companies_of[int(contact)],
                        "associationTypes": [{"category": "HUBSPOT_DEFINED", "typeId": 1, "label": "Primary"}],
                    },
                ],
            }
            for contact in found
        ]
        missing = [
            {"category": "OBJECT_NOT_FOUND", "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND"}
            for contact in asked
            if contact not in found
        ]
        answer = {"status": "COMPLETE", "results": results}
        return (
            json_reply({**answer, "numErrors": len(missing), "errors": missing}, 207) if missing else json_reply(answer)
        )


def property_of(kind, name, one):
    return {MODIFIED[kind]: round(one.modified * 1000), "hs_object_id": one.id}[name]


def meets(kind, one, rule):
    value = property_of(kind, rule["propertyName"], one)
    operator, bound = rule["operator"], int(rule["value"])
    if operator == "BETWEEN":
        return bound <= value <= int(rule["highValue"])
    return {"LTE": value <= bound, "GTE": value >= bound, "GT": value > bound}[operator]


def written(seconds, *, in_milliseconds):
    if seconds is None:
        return None
    if in_milliseconds:
        return str(round(seconds * 1000))
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
