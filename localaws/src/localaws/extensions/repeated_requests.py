"""Sends the first response again for a request that an SDK repeats because it lost the response.

MiniStack carries out every request: when Terraform's provider repeats a CreateRole, the second response is a 409.
Over a loopback connection no response should be lost, so each repeated request is logged as a warning.

- For the same invocation (id, target, caller, body) the response of the first attempt is sent again, if it succeeded;
  while that is in progress, the repeated request waits for it. Kept for two minutes, at most 16 MB in all.
- After an error, throttling included, the repeated request is carried out.
- Reads, and bodies over 1 MB or of unknown length (objects), are always carried out and never kept in memory.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ministack import app

from localaws.hooks import wrap
from localaws.invocations import REPEATED, RESPONSE_LIMIT_BYTES, Attempt, Attempts, Invocation, Response, invocation_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    Carry = Callable[[Receive, Send], Awaitable[None]]

logger = logging.getLogger("localaws.repeated")


class RequestBody:
    """Passes on a request's body and computes its SHA-256."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._hash = hashlib.sha256()
        self._is_whole = False

    @property
    def digest(self) -> bytes | None:
        """The SHA-256 of the body, None before its end."""
        return self._hash.digest() if self._is_whole else None

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._hash.update(message.get("body", b""))
            self._is_whole = not message.get("more_body", False)
        return message


class ResponseCopy:
    """Passes on a response and copies it, up to the size that is kept."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._chunks: list[bytes] = []
        self._size = 0
        self._is_whole = False

    @property
    def response(self) -> Response | None:
        """The copy, None when the response did not end or is too large to be kept."""
        if self._start is None or not self._is_whole or self._size > RESPONSE_LIMIT_BYTES:
            return None
        headers = tuple((bytes(name), bytes(value)) for name, value in self._start.get("headers", []))
        return Response(int(self._start["status"]), headers, b"".join(self._chunks))

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
        elif message["type"] == "http.response.body":
            self._keep(message)
        await self._send(message)

    def _keep(self, message: Message) -> None:
        body = message.get("body", b"")
        self._size += len(body)
        if self._size <= RESPONSE_LIMIT_BYTES:
            self._chunks.append(bytes(body))
        else:
            self._chunks.clear()
        self._is_whole = not message.get("more_body", False)


def install() -> None:
    """Check every request for an earlier attempt before MiniStack handles it."""
    attempts = Attempts()

    @wrap(app, "app")
    async def _(original: Any, scope: Any, receive: Receive, send: Send) -> None:
        async def carry_out(receive: Receive, send: Send) -> None:
            await original(scope, receive, send)

        invocation = invocation_of(scope) if scope["type"] == "http" else None
        if invocation is None:
            await carry_out(receive, send)
        else:
            await answer(attempts, Request(invocation, carry_out, receive, send))


@dataclass(frozen=True)
class Request:
    """One request of an SDK: its invocation, the function that carries it out, and ASGI's receive and send."""

    invocation: Invocation
    carry_out: Carry
    receive: Receive
    send: Send

    def log(self, outcome: str) -> None:
        """Log a repeated request as a warning."""
        logger.warning(
            "%s: %s, attempt %d of invocation %s: %s",
            *(REPEATED, self.invocation.operation, self.invocation.attempt, self.invocation.id, outcome),
        )


async def answer(attempts: Attempts, request: Request) -> None:
    """Send the response of an earlier attempt of the same call, else carry the request out."""
    earlier = attempts.find(request.invocation)
    if earlier is None and request.invocation.attempt > 1:
        request.log("carried out, because no earlier attempt was received")
    if not request.invocation.may_be_kept:
        if earlier is not None:
            request.log("carried out again")
        # Remembered without a response, so that the next attempt is logged.
        attempts.end(request.invocation, attempts.begin(request.invocation), None, None)
        await request.carry_out(request.receive, request.send)
    elif earlier is None:
        await _carry_out(attempts, request)
    else:
        await _answer_again(attempts, request, earlier)


async def _carry_out(attempts: Attempts, request: Request) -> None:
    attempt = attempts.begin(request.invocation)
    body, copy = RequestBody(request.receive), ResponseCopy(request.send)
    try:
        await request.carry_out(body.receive, copy.send)
    finally:
        attempts.end(request.invocation, attempt, body.digest, copy.response)


async def _answer_again(attempts: Attempts, request: Request, earlier: Attempt) -> None:
    body = await _whole_body(request.receive)
    if body is None:
        return
    earlier = await _last_ended(attempts, request.invocation, earlier)
    seconds = attempts.age_seconds(earlier)
    if earlier.response is not None and earlier.answers(request.invocation.target, body):
        request.log(f"answered with the response of {seconds:.1f} s ago")
        await _send(earlier.response, request.send)
        return
    request.log(f"carried out, because the attempt {seconds:.1f} s ago failed or was another request")
    await _carry_out(attempts, replace(request, receive=_again(body, request.receive)))


async def _last_ended(attempts: Attempts, invocation: Invocation, attempt: Attempt) -> Attempt:
    """Wait for the attempt, then for later ones that were carried out because it failed; return the last."""
    while not attempt.ended.is_set():
        await attempt.ended.wait()
        attempt = attempts.find(invocation) or attempt
    return attempt


async def _whole_body(receive: Receive) -> bytes | None:
    """Return the body, of at most 1 MB; None when the client disconnected before its end."""
    chunks = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(chunks)


def _again(body: bytes, receive: Receive) -> Receive:
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return messages.pop() if messages else await receive()

    return receive_again


async def _send(kept: Response, send: Send) -> None:
    await send({"type": "http.response.start", "status": kept.status, "headers": list(kept.headers)})
    await send({"type": "http.response.body", "body": kept.body, "more_body": False})
