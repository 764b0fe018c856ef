"""The API without API Gateway: events as it sends them, and a WSGI application that answers by the handler."""

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

ISSUER = "https://issuer.example.com/"
TEXTS = ("text/", "application/json", "application/xml", "application/javascript")


def person(*groups: str, subject: str = "ada") -> dict[str, Any]:
    """Return the `authorizer` of a request with a token, as API Gateway writes it: lists in brackets."""
    claims = {"iss": ISSUER, "sub": subject, "cognito:groups": f"[{' '.join(groups)}]"}
    return {"jwt": {"claims": claims, "scopes": None}}


def machine(arn: str) -> dict[str, Any]:
    """Return the `authorizer` of a request that was signed by a principal."""
    return {"iam": {"userArn": arn, "accountId": "123456789012"}}


def event(
    method: str,
    path: str,
    authorizer: Mapping[str, Any] | None = None,
    *,
    query: str = "",
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the event of a request, payload format 2.0."""
    sent = {name.lower(): value for name, value in (headers or {}).items()}
    is_text = sent.get("content-type", "").startswith(TEXTS)
    made: dict[str, Any] = {
        "version": "2.0",
        "routeKey": f"{method} {path}",
        "rawPath": path,
        "rawQueryString": query,
        "headers": sent,
        "requestContext": {
            "authorizer": dict(authorizer or {}),
            "http": {"method": method, "path": path, "sourceIp": "192.0.2.1"},
            "requestId": str(uuid4()),
            "stage": "$default",
        },
        "isBase64Encoded": not is_text,
    }
    if body:
        made["body"] = body.decode(errors="replace") if is_text else base64.b64encode(body).decode()
    if query:
        made["queryStringParameters"] = {
            name: ",".join(values) for name, values in parse_qs(query, keep_blank_values=True).items()
        }
    return made


def application(handler: Callable[[dict[str, Any], Any], dict[str, Any]], context: Any, authorizer: Mapping[str, Any]):
    """Return a WSGI application: who sends a bearer token is the authorizer's person, all others get 401."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        headers = {name[5:].replace("_", "-"): value for name, value in environ.items() if name.startswith("HTTP_")}
        if headers.get("AUTHORIZATION") != "Bearer right":
            start_response("401 Unauthorized", [("Content-Type", "application/json"), ("WWW-Authenticate", "Bearer")])
            return [b'{"message":"Unauthorized"}']
        if environ.get("CONTENT_TYPE"):
            headers["content-type"] = environ["CONTENT_TYPE"]
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        path = environ["PATH_INFO"].encode("latin-1").decode(errors="replace")
        sent = event(
            environ["REQUEST_METHOD"],
            path,
            authorizer,
            query=environ.get("QUERY_STRING", ""),
            body=body,
            headers=headers,
        )
        answered = handler(sent, context)
        status = HTTPStatus(answered["statusCode"])
        start_response(f"{status.value} {status.phrase}", list(answered["headers"].items()))
        return [(answered.get("body") or "").encode()]

    return answer


def metadata(snapshot_id: int) -> bytes:
    """Return the metadata file of an Iceberg table, as far as the API reads it."""
    return json.dumps({"format-version": 2, "current-snapshot-id": snapshot_id}).encode()
