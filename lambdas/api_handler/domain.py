"""Who calls and what the caller may read, checked parameters, entity tags, cursors, and how old a result may be."""

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from http import HTTPStatus
from typing import Any, Final

from cartlake.contracts import Table
from cartlake.ledger import RunRecord
from cartlake.queries.named_queries import NamedQuery, Parameter, ParameterError
from cartlake.queries.rights import PEOPLE, can_run, tables_read
from lambdas.api_handler.problems import Fault, Problem, unknown

READS_LEDGER: Final = ("data_engineer", "auditor")
"""Roles that read the ledger, as docs/security.md lists them."""

_ASSUMED: Final = re.compile(r"^arn:([^:]+):sts::(\d{12}):assumed-role/([^/]+)/.+$")
_ROLE: Final = re.compile(r"^arn:([^:]+):iam::(\d{12}):role/(?:.+/)?([^/]+)$")
_CHANGING: Final = re.compile(
    r"\b(?:current_(?:date|time|timestamp)|localtime(?:stamp)?|now|rand(?:om)?|uuid)\b", re.IGNORECASE
)
"""Functions that answer something else each time."""

_EXPECTED: Final = {
    "date": "a date, as in 2026-11-01",
    "integer": "a whole number of at most 64 bits",
    "varchar": "a text",
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: `name` is the ARN of a machine, or a hash of issuer and subject of a person's token."""

    name: str
    roles: tuple[str, ...]

    def role(self, allowed: Sequence[str] = PEOPLE) -> str:
        """Return the caller's first role of those that are allowed. Raises Problem where it has none of them."""
        for role in allowed:
            if role in self.roles:
                return role
        raise Problem(HTTPStatus.FORBIDDEN, "forbidden", f"This needs the role {' or '.join(allowed)}.")


@dataclass(frozen=True, slots=True)
class TableVersion:
    """The published version of a table. `changed_at` is when the catalog was told of it, None where it does not say."""

    table: str
    snapshot_id: str | None
    changed_at: datetime | None


def caller_of(
    context: Mapping[str, Any],
    groups_claim: str,
    groups: Mapping[str, frozenset[str]],
    principals: Mapping[str, frozenset[str]],
) -> Caller:
    """Return who calls, by the `requestContext` of API Gateway, which has verified the token or the signature.

    `groups` and `principals` have those of each role. Raises Problem for a caller that has no role.
    """
    authorizer = context.get("authorizer") or {}
    if claims := (authorizer.get("jwt") or {}).get("claims"):
        name = hashlib.sha256(f"{claims.get('iss')}\n{claims.get('sub')}".encode()).hexdigest()[:16]
        roles = _roles(groups, groups_of(claims.get(groups_claim, "")))
    else:
        name = principal_of((authorizer.get("iam") or {}).get("userArn") or "")
        roles = _roles({role: {principal_of(arn) for arn in arns} for role, arns in principals.items()}, {name})
    if not roles:
        raise Problem(HTTPStatus.FORBIDDEN, "no-role", "This caller has no role of the lake; ask who administers it.")
    return Caller(name, roles)


def _roles(members: Mapping[str, Iterable[str]], has: Iterable[str]) -> tuple[str, ...]:
    return tuple(role for role in PEOPLE if not {one for one in has if one}.isdisjoint(members.get(role, ())))


def groups_of(claim: object) -> set[str]:
    """Return the groups in a claim: API Gateway writes a list as `[one two]`, so names of groups have no spaces."""
    return set(str(claim).removeprefix("[").removesuffix("]").split())


def principal_of(arn: str) -> str:
    """Return the ARN of the role of a session, without the path of the role; any other ARN as it is."""
    found = _ASSUMED.match(arn) or _ROLE.match(arn)
    return f"arn:{found[1]}:iam::{found[2]}:role/{found[3]}" if found else arn


def runnable(
    queries: Mapping[str, NamedQuery], views: Mapping[str, str], tables: Sequence[Table], role: str
) -> dict[str, NamedQuery]:
    """Return the named queries whose tables a role reads, by their names."""
    return {name: query for name, query in queries.items() if can_run(role, query.sql, views, tables)}


def literals_of(query: NamedQuery, given: Mapping[str, str | int], today: date) -> list[str]:
    """Return an SQL literal for each `?`. Raises Problem that names the parameters that are wrong, without values."""
    known = {parameter.name for parameter in query.parameters}
    faults = [
        Fault(at=f"body.parameters.{parameter.name}", expected=_EXPECTED[parameter.kind])
        for parameter in query.parameters
        if not _fits(parameter, given.get(parameter.name), today)
    ]
    if given.keys() - known:
        names = ", ".join(sorted(known)) or "none"
        faults.append(Fault(at="body.parameters", expected=f"only the parameters of the query: {names}"))
    if faults:
        detail = "Parameters do not fit the query: GET /v1/queries/{name} describes them."
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "bad-parameters", detail, faults)
    return query.literals({name: str(value) for name, value in given.items()}, today)


def _fits(parameter: Parameter, value: str | int | None, today: date) -> bool:
    try:
        literal = parameter.literal(None if value is None else str(value), today)
    except ParameterError:
        return False
    return parameter.kind != "integer" or -(2**63) <= int(literal) < 2**63


def versions_needed(query: NamedQuery, views: Mapping[str, str], tables: Sequence[Table]) -> list[str] | None:
    """Return the tables of contracts that decide what a query answers; None where other things decide too."""
    read = tables_read(query.sql, views)
    below = " ".join([query.sql, *(views[name] for name in views if name in query.sql.lower())])
    known = {table.physical_name for table in tables}
    return sorted(read) if read <= known and not _CHANGING.search(below) else None


def data_version(query: NamedQuery, versions: Iterable[TableVersion] | None) -> str | None:
    """Return a text that changes with every snapshot that a query reads; None where snapshots do not decide."""
    if versions is None:
        return None
    return _digest([query.sql, *(f"{one.table}={one.snapshot_id}" for one in versions)])


def reuse_minutes(versions: Iterable[TableVersion] | None, now: datetime, limit: int) -> int:
    """Return how old a result may be that no change of a table came after, in minutes, 0 for none.

    One minute is taken off for clocks that differ, so that no result from before the last change is returned.
    """
    versions = list(versions or ())
    changes = [one.changed_at for one in versions if one.changed_at is not None]
    if not changes or len(changes) < len(versions):
        return 0
    return max(0, min(limit, int((now - max(changes)).total_seconds() // 60) - 1))


def entity_tag(*parts: str) -> str:
    """Return the entity tag of an answer that these parts decide."""
    return f'"{_digest(parts)}"'


def is_current(tag: str, if_none_match: str | None) -> bool:
    """Return whether a request's If-None-Match has the tag (RFC 9110, 13.1.2)."""
    known = {one.strip().removeprefix("W/") for one in (if_none_match or "").split(",")}
    return tag in known or "*" in known


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def cursor_after(run: RunRecord) -> str:
    """Return the cursor of the runs that were started before a run."""
    return base64.urlsafe_b64encode(f"{run.started_at} {run.run_id}".encode()).decode()


def read_cursor(cursor: str) -> tuple[str, str]:
    """Return when the last run of a page was started, and its id. Raises Problem for what is no cursor."""
    try:
        started_at, run_id = base64.urlsafe_b64decode(cursor.encode("ascii")).decode("ascii").split(" ")
        datetime.fromisoformat(started_at)
    except ValueError as error:
        raise bad_cursor() from error
    return started_at, run_id


def bad_cursor() -> Problem:
    """Return the refusal of a cursor that this API did not give."""
    return unknown("unknown-page", "No page has this cursor: take next_cursor of the page before, or begin without it.")


def page_of(runs: Iterable[RunRecord], limit: int, after: tuple[str, str] | None) -> tuple[list[RunRecord], str | None]:
    """Return the newest runs after a cursor, and the cursor of the next page, None on the last one."""
    newest = sorted(runs, key=lambda run: (run.started_at, run.run_id), reverse=True)
    left = [run for run in newest if after is None or (run.started_at, run.run_id) < after]
    return left[:limit], cursor_after(left[limit - 1]) if len(left) > limit else None
