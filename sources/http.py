"""Requests to sources over HTTP: paced, and repeated while a source is busy, broken or cuts its answers short."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import urlsplit

import urllib3

from cartlake.errors import TransientError
from sources.errors import CredentialsError, RefusedRequestError, SourceUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TIMEOUT: Final = urllib3.Timeout(connect=10, read=60)
ATTEMPTS: Final = 6
"""Tries of a request; the wait doubles each time, from one second, unless the source says how long to wait."""
LONGEST_WAIT_SECONDS: Final = 60.0
BAD_CREDENTIALS: Final = frozenset[int]({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})

Parsed = TypeVar("Parsed")


class UnreadableAnswerError(TransientError):
    """An answer is cut short or not what was asked for: the request is repeated."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that is no error and leads nowhere else; 304 is one."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Http:
    """Sends requests for one source, no two of them closer than `seconds_between`.

    `bad_credentials` are the statuses by which it refuses credentials.
    """

    source: str
    seconds_between: float = 0.0
    bad_credentials: frozenset[int] = BAD_CREDENTIALS
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    pool: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(retries=False, timeout=TIMEOUT))
    _next: float = 0.0

    def send(
        self,
        method: str,
        url: str,
        parse: Callable[[Answer], Parsed],
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Parsed:
        """Return what `parse` makes of the answer. It raises UnreadableAnswerError for one that is to be asked again.

        Raises CredentialsError, RefusedRequestError for other statuses from 300 but 304, and SourceUnavailableError
        when no try had an answer.
        """
        said = ""
        for attempt in range(ATTEMPTS):
            try:
                return parse(self._once(method, url, headers or {}, body))
            except UnreadableAnswerError as error:
                said, wait = str(error), None
            except _BusyError as error:
                said, wait = str(error), error.seconds
            if attempt < ATTEMPTS - 1:
                self.sleep(_wait(attempt) if wait is None else min(wait, LONGEST_WAIT_SECONDS))
        raise SourceUnavailableError(
            f"{self.source} did not answer {method} {_shown(url)} at {ATTEMPTS} tries, at last: {said}. "
            f"The next sync goes on behind the last file."
        )

    def _once(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        self._keep_pace()
        try:
            found = self.pool.request(method, url, headers=dict(headers), body=body)
        except urllib3.exceptions.HTTPError as error:  # also an answer shorter than its Content-Length
            raise UnreadableAnswerError(f"{type(error).__name__}: {error}") from error
        return self._judged(Answer(found.status, found.headers, found.data), url)

    def _judged(self, answer: Answer, url: str) -> Answer:
        if answer.status < HTTPStatus.MULTIPLE_CHOICES or answer.status == HTTPStatus.NOT_MODIFIED:
            return answer
        if moved_to := answer.headers.get("Location"):
            raise RefusedRequestError(f"{self.source} is no longer at {_shown(url)} but at {_shown(moved_to)}.")
        said = f"{answer.status} {answer.body[:300].decode(errors='replace')}".strip()
        if answer.status in self.bad_credentials:
            raise CredentialsError(f"{self.source} refuses the credentials for {_shown(url)}: {said}")
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise _BusyError(said, _seconds(answer.headers.get("Retry-After")))
        raise RefusedRequestError(f"{self.source} refuses a request to {_shown(url)}: {said}")

    def _keep_pace(self) -> None:
        if (early := self._next - self.clock()) > 0:
            self.sleep(early)
        self._next = self.clock() + self.seconds_between


class _BusyError(TransientError):
    """A source is busy or broken. `seconds` is how long it asks to wait, None where it does not say."""

    def __init__(self, said: str, seconds: float | None) -> None:
        super().__init__(said)
        self.seconds = seconds


def _seconds(retry_after: str | None) -> float | None:
    return float(retry_after) if retry_after and retry_after.isdecimal() else None


def _wait(attempt: int) -> float:
    # Random, so that two functions that were refused together do not come back together.
    jitter = random.uniform(0.5, 1)  # noqa: S311 - jitter, not a secret
    return min(jitter * float(2**attempt), LONGEST_WAIT_SECONDS)


def _shown(url: str) -> str:
    """Return an address without its query, which may hold what nobody else should read."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"
