"""The HTTP API of the lake, behind API Gateway, which verifies tokens and signatures and limits rates.

A request is answered with the rights of the caller's role. What is refused is logged by kind, never with a value.
"""

import traceback
from http import HTTPStatus
from typing import Any, Final

from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import ClientError

from cartlake.aws.clients import THROTTLES, error_code, is_transient
from lambdas.api_handler import lookups
from lambdas.api_handler.domain import Caller, caller_of
from lambdas.api_handler.problems import CONTENT_TYPE, Fault, Problem, unknown
from lambdas.api_handler.rates import count_request
from lambdas.api_handler.routes import app
from lambdas.api_handler.settings import settings
from lambdas.shared.entry import logger, tracer

MOST_BYTES: Final = 16_384
"""Of a request's body, and of its query string."""

NAMES: Final = frozenset(
    {
        "path",
        "query",
        "header",
        "body",
        "parameters",
        "fresh",
        "name",
        "id",
        "cursor",
        "limit",
        "subject",
        "if-none-match",
    }
)
"""Of parts of requests, as the API's description has them."""

HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

settings()  # a bad environment fails the cold start
lookups.runnable("data_engineer")  # and so does a zip without queries or contracts


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer an event of API Gateway, payload format 2.0. Raises nothing: an error is an answer too."""
    request = event.get("requestContext") or {}
    request_id = request.get("requestId", "")
    logged: dict[str, Any] = {"route": event.get("routeKey"), "request_id": request_id}
    try:
        caller = _checked(event, request)
        logged["caller"] = caller.name
        count_request(caller.name, starts_query=request["http"]["method"] == "POST")
        app.context.update(caller=caller, request_id=request_id, logged=logged)
        answered = app.resolve(event, context)
    except Exception as error:  # noqa: BLE001 - whatever it is, nothing of it is answered
        answered = _plain(_problem_of(error), request_id)
    answered |= {"headers": HEADERS | answered["headers"], "body": answered.get("body") or ""}
    logger.info("request", status=answered["statusCode"], **logged)
    return answered


def _checked(event: dict[str, Any], request: dict[str, Any]) -> Caller:
    caller = _caller(request)
    if max(len(event.get("body") or ""), len(event.get("rawQueryString") or "")) > MOST_BYTES:
        raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", f"A request has at most {MOST_BYTES:,} bytes.")
    kind = event.get("headers", {}).get("content-type", "").partition(";")[0].strip().lower()
    if event.get("body") and kind != content_types.APPLICATION_JSON:  # Powertools would parse forms too
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "not-json", "Send the body as application/json.")
    return caller


def _caller(request: dict[str, Any]) -> Caller:
    roles = settings().api_roles
    return caller_of(
        request,
        settings().groups_claim,
        {name: role.groups for name, role in roles.items()},
        {name: role.principals for name, role in roles.items()},
    )


def _problem_of(error: Exception) -> Problem:
    """Return what the caller is told of an error; logs its kind, and for a fault of ours where it was raised."""
    problem = _expected(error)
    if problem is None:
        *_, last = traceback.extract_tb(error.__traceback__)
        place = f"{last.filename.rpartition('/')[2]}:{last.lineno}"
        code = error_code(error) if isinstance(error, ClientError) else None
        logger.error("failed", error=type(error).__name__, code=code, place=place)
        detail = "The API failed. Tell who runs the lake the request_id."
        return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "failed", detail)
    logger.warning("refused", kind=problem.kind, status=int(problem.status), at=[fault.at for fault in problem.faults])
    return problem


def _expected(error: Exception) -> Problem | None:
    match error:
        case Problem():
            return error
        case NotFoundError():
            return unknown("unknown-path", "There is nothing here; docs/api.md lists the operations.")
        case RequestValidationError() if not _is_of_answer(error):
            detail = "The request is not as GET /v1/openapi.json describes it."
            return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "bad-request", detail, _faults(error))
        case _ if is_transient(error):
            return _later(error)
    return None


def _is_of_answer(error: RequestValidationError) -> bool:
    # An answer that does not fit its model is a fault of ours, and is raised as the same class.
    return any(fault["loc"][:1] == ("response",) for fault in error.errors())


def _later(error: Exception) -> Problem:
    wait = {"Retry-After": "5"}
    if isinstance(error, ClientError) and error_code(error) in THROTTLES:
        detail = "Too many requests at once; wait as Retry-After says."
        return Problem(HTTPStatus.TOO_MANY_REQUESTS, "too-many", detail, headers=wait)
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", "AWS did not answer; try again.", headers=wait)


def _faults(error: RequestValidationError) -> list[Fault]:
    # Names that the caller made up are not repeated, as values are not.
    places = {".".join(str(part) for part in fault["loc"][:2] if part in NAMES) for fault in error.errors()}
    return [Fault(at=place or "body", expected="what GET /v1/openapi.json says") for place in sorted(places)]


def _plain(problem: Problem, request_id: str) -> dict[str, Any]:
    headers = {"Content-Type": CONTENT_TYPE, **problem.headers}
    body = problem.body(request_id)
    return {"statusCode": int(problem.status), "headers": headers, "body": body, "isBase64Encoded": False}


def _refuse(error: Exception) -> Response[str]:
    problem = _problem_of(error)
    return Response(
        status_code=int(problem.status),
        content_type=CONTENT_TYPE,
        body=problem.body(app.context.get("request_id", "")),
        headers=problem.headers,
    )


app.exception_handler(Exception)(_refuse)
app.not_found(_refuse)
