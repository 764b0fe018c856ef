"""The operations of the API. OpenAPI is made of them; `make openapi` writes it to openapi.json beside this file."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any, Final

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response, content_types
from aws_lambda_powertools.event_handler.openapi.models import HTTPBearer
from aws_lambda_powertools.event_handler.openapi.params import Body, Header, Query
from aws_lambda_powertools.event_handler.openapi.params import Path as InPath
from pydantic import BaseModel

from cartlake.queries.rights import tables_read
from cartlake.runs.ids import RUN_ID
from cartlake.times import utc_now
from lambdas.api_handler import deployed, domain, executions, lookups, models, records
from lambdas.api_handler.adapters import RoleClients, as_role
from lambdas.api_handler.problems import CONTENT_TYPE, GatewayMessage, ProblemDetails, unknown
from lambdas.api_handler.settings import settings

app: Final = APIGatewayHttpResolver(enable_validation=True)
"""`context` has the caller, the id of the request and what its line in the log says beside."""

DESCRIPTION: Final = Path(__file__).with_name("openapi.json")

PROBLEMS: Final = {
    401: "There is no token, or it is expired, or of another issuer. API Gateway's own answer.",
    403: "The caller has no role that may do this.",
    404: "There is no such thing, or the caller's role does not read it.",
    413: "The request is too large.",
    415: "The body is not JSON.",
    422: "The request is not as described here.",
    429: "Too many requests, or Athena's queue is full: wait as Retry-After says.",
    500: "The API failed; the log has the request's id.",
    503: "AWS did not answer in time: try again.",
}

FROM_GATEWAY: Final = (401, 403, 413, 429, 500, 503)
"""Statuses that API Gateway may answer itself, in its own words."""

Name = Annotated[str, InPath(pattern=r"^[a-z][a-z0-9_]{0,63}$", description="Name of the query.")]
TableName = Annotated[
    str, InPath(pattern=r"^[a-z][a-z0-9_]{0,63}\.[a-z][a-z0-9_]{0,63}$", description="Table with its database.")
]
ExecutionId = Annotated[str, InPath(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", description="Execution.")]
RunId = Annotated[str, InPath(pattern=f"^{RUN_ID.pattern.replace('?P<subject>', '').replace('?P<started>', '')}$")]
Subject = Annotated[
    str | None, Query(pattern=r"^[a-z][a-z0-9_]{0,63}$", description="Dataset, `refresh` or `maintenance`.")
]
Cursor = Annotated[str | None, Query(max_length=1024, min_length=1, description="next_cursor of the page before.")]
Rows = Annotated[int, Query(ge=1, le=999, description="Rows of a page.")]
Items = Annotated[int, Query(ge=1, le=100, description="Items of a page.")]
IfNoneMatch = Annotated[str | None, Header(alias="if-none-match", max_length=1000, description="ETag of an answer.")]


def described(*statuses: int, has_tag: bool = False) -> dict[int, Any]:
    """Return the answers of an operation beside the one of success, as OpenAPI describes them."""
    common = (401, 403, 413, 429, 500, 503, *statuses)
    answers: dict[int, Any] = {
        status: {"description": PROBLEMS[status], "content": _content(status)} for status in sorted(common)
    }
    return answers | ({304: {"description": "Not changed since the ETag was given."}} if has_tag else {})


def _content(status: int) -> dict[str, Any]:
    ours = {} if status == HTTPStatus.UNAUTHORIZED else {CONTENT_TYPE: {"model": ProblemDetails}}
    gateway = {content_types.APPLICATION_JSON: {"model": GatewayMessage}} if status in FROM_GATEWAY else {}
    return ours | gateway


def success(text: str) -> dict[int, Any]:
    return {200: {"description": text}}


def caller() -> domain.Caller:
    """Return who sent the request at hand."""
    found: domain.Caller = app.context["caller"]
    return found


def acting() -> RoleClients:
    """Return AWS with the rights of the caller's role."""
    return as_role(caller().role())


def answer(body: Any, *, status: HTTPStatus = HTTPStatus.OK, headers: Mapping[str, str] | None = None) -> Response[Any]:
    return Response(
        status_code=status, content_type=content_types.APPLICATION_JSON, body=body, headers=dict(headers or {})
    )


def tagged(tag: str, if_none_match: str | None, body: BaseModel) -> Response[Any]:
    """Answer with an entity tag. Raises NotModified where the caller has that version."""
    unless_current(tag, if_none_match)
    return answer(body, headers=tag_headers(tag))


def unless_current(tag: str, if_none_match: str | None) -> None:
    """Raise NotModified where the caller has the version of a tag."""
    if domain.is_current(tag, if_none_match):
        raise NotModified(tag)


def tag_headers(tag: str) -> dict[str, str]:
    return {"ETag": tag, "Cache-Control": "private, no-cache"}


class NotModified(Exception):  # noqa: N818 - the name of the status
    """The caller has this version: the answer has no body, which no model allows."""

    def __init__(self, tag: str) -> None:
        super().__init__(tag)
        self.tag = tag


def not_modified(found: NotModified) -> Response[None]:
    return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=tag_headers(found.tag))


app.exception_handler(NotModified)(not_modified)


@app.get(
    "/v1/health",
    summary="Whether the API reaches Athena",
    responses=success("It does.") | described(),
    tags=["health"],
    operation_id="health",
)
def health() -> Response[models.Health]:
    executions.check_workgroup(acting())
    return answer(models.Health(status="ok", environment=settings().environment, roles=list(caller().roles)))


@app.get(
    "/v1/queries",
    operation_id="list_queries",
    summary="Named queries that the caller may run",
    responses=success("The queries.") | described(422, has_tag=True),
    tags=["queries"],
)
def list_queries(if_none_match: IfNoneMatch = None) -> Response[models.Queries]:
    role = caller().role()
    body = models.Queries(
        items=[models.QueryInfo(**lookups.query_said(query)) for query in lookups.runnable(role).values()]
    )
    return tagged(domain.entity_tag(role, body.model_dump_json()), if_none_match, body)


@app.get(
    "/v1/queries/<name>",
    operation_id="show_query",
    summary="A named query, and the version of the data it would read",
    description="The ETag changes with every snapshot of the tables, so 304 says that the rows would be the same.",
    responses=success("The query.") | described(404, 422, has_tag=True),
    tags=["queries"],
)
def show_query(name: Name, if_none_match: IfNoneMatch = None) -> Response[models.QueryDetails]:
    query = lookups.named_query(caller(), name)
    version = domain.data_version(query, lookups.versions_read(acting(), query))
    reads = sorted(tables_read(query.sql, deployed.views()))
    body = models.QueryDetails(**lookups.query_said(query), tables=reads, data_version=version)
    # Without snapshots nothing says whether the rows are the same, so no tag is ever given twice.
    decides = version or str(utc_now())
    return tagged(domain.entity_tag(caller().role(), body.model_dump_json(), decides), if_none_match, body)


@app.post(
    "/v1/queries/<name>",
    operation_id="run_query",
    summary="Run a named query",
    description="Answers at once; the header Location says where to poll.",
    responses={202: {"description": "It was started."}} | described(404, 415, 422),
    tags=["queries"],
)
def run_query(name: Name, request: Annotated[models.RunRequest, Body()]) -> Response[models.Started]:
    query, now = lookups.named_query(caller(), name), datetime.now(UTC)
    literals = domain.literals_of(query, request.parameters, now.date())
    role = acting()
    versions = None if request.fresh else lookups.versions_read(role, query)
    started = executions.start(role, query, literals, domain.reuse_minutes(versions, now, settings().reuse_minutes))
    app.context["logged"] |= {"query": name, "execution_id": started}
    return answer(
        models.Started(id=started, query=name, state="queued"),
        status=HTTPStatus.ACCEPTED,
        headers={"Location": f"/v1/executions/{started}", "Retry-After": "1"},
    )


@app.get(
    "/v1/executions/<id>",
    operation_id="show_execution",
    summary="How a query that was started is getting on, and its rows",
    description="Poll until state is succeeded, failed or cancelled; then follow next_cursor for more rows.",
    responses=success("Its state, with a page of rows once it has succeeded.") | described(404, 422, has_tag=True),
    tags=["queries"],
)
def show_execution(
    id: ExecutionId,  # noqa: A002 - the name of the path's parameter
    cursor: Cursor = None,
    limit: Rows = 500,
    if_none_match: IfNoneMatch = None,
) -> Response[models.Execution]:
    role = acting()
    found = executions.execution(role, id)
    query = lookups.name_of(caller(), found["Query"]) if found else None
    if found is None or query is None:
        raise unknown("unknown-execution", "The role has no execution of a named query with this id.")
    body = executions.as_execution(found, query)
    if body.state != "succeeded":
        ended = body.state in {"failed", "cancelled"}
        return answer(body, headers={} if ended else {"Retry-After": "1"})
    tag = domain.entity_tag(role.role.arn, id, cursor or "", str(limit))
    unless_current(tag, if_none_match)  # what an execution found never changes, so it is not read for that
    page = executions.page(executions.results(role, id, cursor, limit), first=cursor is None)
    return tagged(tag, if_none_match, body.model_copy(update=page))


@app.get(
    "/v1/tables",
    operation_id="list_tables",
    summary="Tables of the contracts, and which of them the caller's role reads",
    responses=success("The tables.") | described(422, has_tag=True),
    tags=["tables"],
)
def list_tables(if_none_match: IfNoneMatch = None) -> Response[models.Tables]:
    body = models.Tables(
        items=[models.TableInfo(**said) for said in lookups.tables_said(caller(), list(deployed.tables()))]
    )
    return tagged(domain.entity_tag(caller().role(), body.model_dump_json()), if_none_match, body)


@app.get(
    "/v1/tables/<name>",
    operation_id="show_table",
    summary="A table with its columns",
    responses=success("The table.") | described(404, 422, has_tag=True),
    tags=["tables"],
)
def show_table(name: TableName, if_none_match: IfNoneMatch = None) -> Response[models.TableDetails]:
    if name not in deployed.tables():
        raise unknown("unknown-table", "No contract has a table of this name; GET /v1/tables lists them.")
    [said] = lookups.tables_said(caller(), [name])
    columns = [
        models.TableColumn(name=one.name, type=one.type, about=one.description or "", protected=one.protected)
        for one in deployed.tables()[name][1].columns
    ]
    body = models.TableDetails(**said, columns=columns)
    return tagged(domain.entity_tag(caller().role(), body.model_dump_json()), if_none_match, body)


@app.get(
    "/v1/runs",
    operation_id="list_runs",
    summary="Runs, newest first",
    responses=success("A page of runs.") | described(404, 422),
    tags=["runs"],
)
def list_runs(subject: Subject = None, cursor: Cursor = None, limit: Items = 20) -> Response[models.Runs]:
    found, following = lookups.runs(caller(), subject, cursor, limit)
    return answer(models.Runs(items=[lookups.run_said(run) for run in found], next_cursor=following))


@app.get(
    "/v1/runs/<id>",
    operation_id="show_run",
    summary="A run",
    responses=success("The run.") | described(404, 422),
    tags=["runs"],
)
def show_run(id: RunId) -> Response[models.Run]:  # noqa: A002 - the name of the path's parameter
    return answer(lookups.run_said(lookups.run(caller(), id)))


@app.get(
    "/v1/quarantine",
    operation_id="list_quarantine",
    summary="Runs that refused rows, newest first",
    responses=success("A page of runs.") | described(404, 422),
    tags=["quarantine"],
)
def list_quarantine(subject: Subject = None, cursor: Cursor = None, limit: Items = 20) -> Response[models.Quarantine]:
    found, following = lookups.runs(caller(), subject, cursor, limit)
    items = [models.Quarantined(**lookups.refused_said(run)) for run in found if run.counts and run.counts.quarantined]
    return answer(models.Quarantine(items=items, next_cursor=following))


@app.get(
    "/v1/quarantine/<id>",
    operation_id="show_quarantine",
    summary="The rows that a run refused, by rule",
    responses=success("How many rows broke each rule.") | described(404, 422),
    tags=["quarantine"],
)
def show_quarantine(id: RunId) -> Response[models.QuarantineOfRun]:  # noqa: A002 - the name of the path's parameter
    run = lookups.run(caller(), id)
    rules = [
        models.RuleInfo(rule=one.rule, severity=one.severity, rows=one.broken)
        for one in records.rules_of(lookups.reading_ledger(caller()), id)
        if one.broken
    ]
    return answer(models.QuarantineOfRun(**lookups.refused_said(run), rules=rules))


@app.get("/v1/openapi.json", include_in_schema=False)
def show_openapi() -> Response[dict[str, Any]]:
    return answer(json.loads(DESCRIPTION.read_text()))


def document() -> str:
    """Return the description of this API, OpenAPI 3.1 as JSON: what `make openapi` writes to DESCRIPTION."""
    bearer = HTTPBearer(
        bearerFormat="JWT", description="A token of the issuer; machines sign requests instead (SigV4)."
    )
    return app.get_openapi_json_schema(
        title="Cartlake",
        version="1",
        description="Named queries, tables, runs and quarantine of the lake. docs/api.md explains it.",
        security_schemes={"token": bearer},
        security=[{"token": []}],
    )
