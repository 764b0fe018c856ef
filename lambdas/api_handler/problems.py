"""Errors as callers see them: problem details (RFC 9457). None has a value that a caller sent, or a message of AWS."""

import json
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final

from pydantic import BaseModel, Field

from cartlake.errors import TerminalError

CONTENT_TYPE: Final = "application/problem+json"


class Fault(BaseModel):
    """A part of a request that is not as it must be: where it is, and what is expected there."""

    at: str = Field(description="Where: path, query, header or body, and the name of the member.")
    expected: str = Field(description="What is expected there.")


class ProblemDetails(BaseModel):
    """The body of every error that this API answers itself."""

    type: str = Field(description="urn:cartlake:problem: and the kind of the problem, which docs/api.md lists.")
    title: str = Field(description="The name of the HTTP status.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What is wrong, and what to do next.")
    request_id: str = Field(description="Id of the request, which the log has too.")
    faults: list[Fault] = Field(default=[], description="The parts of the request that are wrong.")


class GatewayMessage(BaseModel):
    """The body of an error that API Gateway answers before it calls the function."""

    message: str


class Problem(TerminalError):  # noqa: N818 - the word of RFC 9457
    """A request that is refused with a status and a kind. `headers` are added to the answer."""

    def __init__(
        self,
        status: HTTPStatus,
        kind: str,
        detail: str,
        faults: Iterable[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.kind, self.detail = status, kind, detail
        self.faults, self.headers = list(faults), dict(headers or {})

    def body(self, request_id: str) -> str:
        """Return the answer's body as JSON."""
        details: dict[str, Any] = ProblemDetails(
            type=f"urn:cartlake:problem:{self.kind}",
            title=self.status.phrase,
            status=int(self.status),
            detail=self.detail,
            request_id=request_id,
            faults=self.faults,
        ).model_dump()
        return json.dumps(details)


def unknown(kind: str, detail: str) -> Problem:
    """Return the refusal of something that is not there, or that the caller may not know of."""
    return Problem(HTTPStatus.NOT_FOUND, kind, detail)
