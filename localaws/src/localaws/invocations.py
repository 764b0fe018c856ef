"""Recognizes requests that an SDK repeats, and keeps the response to the first attempt.

Every AWS SDK sends `amz-sdk-invocation-id`, one for each call of the program, and `amz-sdk-request: attempt=N`, which
counts the attempts of that call. A repeated request whose first attempt was carried out must not be carried out again:
to create an existing resource is an error, although the program created it only once.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

REPEATED = "repeated request"
"""The beginning of the log line of each of them."""

# SDKs wait at most 20 seconds between two attempts.
KEPT_SECONDS = 120.0
KEPT_BYTES = 16 * 1024 * 1024
KEPT_COUNT = 20_000
# Larger bodies are uploads and downloads of objects; calls that create or change a resource are far smaller.
BODY_LIMIT_BYTES = 1024 * 1024
RESPONSE_LIMIT_BYTES = 256 * 1024
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
FIRST_ERROR_STATUS = 400


@dataclass(frozen=True)
class Invocation:
    """One request of an SDK's call. `target` is everything that identifies what it asks for, except the body."""

    id: str
    attempt: int
    method: str
    operation: str
    target: tuple[str, ...]
    body_bytes: int | None

    @property
    def may_be_kept(self) -> bool:
        """Whether its response may be sent again: not for reads, large bodies and bodies of unknown length."""
        return self.method not in SAFE_METHODS and self.body_bytes is not None and self.body_bytes <= BODY_LIMIT_BYTES


@dataclass(frozen=True)
class Response:
    """A complete response: status, headers in the form of ASGI, body."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    @property
    def may_be_repeated(self) -> bool:
        """Whether it may be sent again: only a success. An error had no effect, and a throttled call must be retried.

        S3 may send the status 200 before a call has ended, and report in the body that it failed.
        """
        return self.status < FIRST_ERROR_STATUS and b"<Error>" not in self.body[:500]

    @property
    def size_bytes(self) -> int:
        return len(self.body) + sum(len(name) + len(value) for name, value in self.headers)


@dataclass
class Attempt:
    """The first request of an invocation, or the last one that was carried out."""

    target: tuple[str, ...]
    started: float
    body_digest: bytes | None = None
    response: Response | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def answers(self, target: tuple[str, ...], body: bytes) -> bool:
        """Return whether its response also answers this request: the same target and body."""
        return self.response is not None and self.target == target and self.body_digest == digest(body)


class Attempts:
    """The attempts of the last two minutes, oldest first; used on the event loop only."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, *, kept_bytes: int = KEPT_BYTES) -> None:
        self._clock = clock
        self._kept_bytes = kept_bytes
        self._attempts: OrderedDict[str, Attempt] = OrderedDict()
        self._bytes = 0

    def find(self, invocation: Invocation) -> Attempt | None:
        """Return the earlier attempt of the same call, ended or not; None when there is none."""
        return self._attempts.get(invocation.id)

    def age_seconds(self, attempt: Attempt) -> float:
        """Return the seconds since the attempt began."""
        return self._clock() - attempt.started

    def begin(self, invocation: Invocation) -> Attempt:
        """Keep a new attempt, instead of an earlier one of the same call."""
        self._drop(invocation.id)
        attempt = Attempt(invocation.target, self._clock())
        self._attempts[invocation.id] = attempt
        self._drop_old()
        return attempt

    def end(
        self, invocation: Invocation, attempt: Attempt, body_digest: bytes | None, response: Response | None
    ) -> None:
        """Keep the response if it may be sent again, and wake the requests that wait for it."""
        if response is not None and body_digest is not None and response.may_be_repeated:
            attempt.body_digest = body_digest
            attempt.response = response
            if self._attempts.get(invocation.id) is attempt:
                self._bytes += response.size_bytes
        attempt.ended.set()
        self._drop_old()

    def _drop_old(self) -> None:
        while self._attempts and self._must_be_dropped(next(iter(self._attempts.values()))):
            self._drop(next(iter(self._attempts)))

    def _must_be_dropped(self, oldest: Attempt) -> bool:
        return (
            self._bytes > self._kept_bytes
            or len(self._attempts) > KEPT_COUNT
            or (oldest.ended.is_set() and self.age_seconds(oldest) > KEPT_SECONDS)
        )

    def _drop(self, invocation_id: str) -> None:
        dropped = self._attempts.pop(invocation_id, None)
        if dropped is not None and dropped.response is not None:
            self._bytes -= dropped.response.size_bytes


def digest(body: bytes) -> bytes:
    """Return the SHA-256 of a body."""
    return hashlib.sha256(body).digest()


def invocation_of(scope: Mapping[str, Any]) -> Invocation | None:
    """Read the invocation from an ASGI scope. Returns None for a request that no SDK sent."""
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    if "amz-sdk-invocation-id" not in headers:
        return None
    attempt = re.search(r"attempt=(\d+)", headers.get("amz-sdk-request", ""))
    target = headers.get("x-amz-target", "")
    return Invocation(
        id=headers["amz-sdk-invocation-id"],
        attempt=int(attempt[1]) if attempt else 1,
        method=scope["method"],
        operation=target.rpartition(".")[2] or f"{scope['method']} {scope['path']}",
        target=(
            scope["method"],
            scope["path"],
            scope.get("query_string", b"").decode("latin-1"),
            headers.get("host", ""),
            target,
            _caller(headers.get("authorization", "")),
        ),
        body_bytes=int(headers["content-length"]) if headers.get("content-length", "").isdigit() else None,
    )


def _caller(authorization: str) -> str:
    """Return the access key of a signature, whose other parts differ in every attempt."""
    key = re.search(r"Credential=([^/,]+)/", authorization)
    return key[1] if key else authorization
