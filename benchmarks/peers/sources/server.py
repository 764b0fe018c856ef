"""The HubSpot of the tests, with faults at chosen pages of contacts."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from tests.servers.http import DROPPED, TRUNCATED, Reply, Request, json_reply
from tests.servers.hubspot import HubSpotServer

if TYPE_CHECKING:
    from collections.abc import Callable

BUSY = Reply(429, b'{"errorType": "RATE_LIMIT"}')
BROKEN = Reply(503, b"upstream")
EXPIRED = json_reply({"status": "error", "category": "EXPIRED_AUTHENTICATION"}, 401)
SHORT, REPEATED, KILLED = "short", "repeated", "killed"
START = 1_770_000_000.0
CONTACTS = "contacts"


class TorturedHubSpot(HubSpotServer):  # type: ignore[no-untyped-call, unused-ignore]
    """Of `planned`, a page takes the fault of its number in this run: TRUNCATED, SHORT, REPEATED, KILLED or a Reply.

    TRUNCATED: the answer ends before its Content-Length. SHORT: half of the rows, as if they were the last ones.
    REPEATED: the answer to the page before. KILLED: the process that asks is killed.
    """

    def __init__(self) -> None:
        super().__init__(START)
        self.pace = False
        self.planned: dict[int, Any] = {}
        self.pages, self.page_before = 0, Reply(200)
        self.process: int | None = None
        self.after_page: Callable[[], None] = lambda: None

    def begin(self, planned: dict[int, Any]) -> None:
        """Count pages anew, with these faults."""
        self.planned, self.pages = dict(planned), 0

    def answered(self, request: Request) -> tuple[str | None, Reply]:
        with self.lock:
            if not is_page(request):
                return None, self.reply(request)
            self.pages += 1
            fault = self.planned.pop(self.pages, None)
            if isinstance(fault, Reply):
                return None, fault
            before, self.page_before = self.page_before, self.reply(request)
            self.after_page()
            if fault == KILLED and self.process:
                os.killpg(self.process, signal.SIGKILL)
                return DROPPED, self.page_before
            if fault == TRUNCATED:
                return TRUNCATED, self.page_before
            return None, {SHORT: short(self.page_before), REPEATED: before}.get(fault, self.page_before)

    def truth(self) -> dict[int, int]:
        """When each contact that there is was modified, in milliseconds."""
        return {number: round(one.modified * 1000) for number, one in self.newest(CONTACTS).items()}


def is_page(request: Request) -> bool:
    """Whether contacts are asked for that are not archived: by a search, or by a page of the list."""
    parts = urlsplit(request.path)
    if request.method == "POST":
        return parts.path.endswith(f"/{CONTACTS}/search")
    return parts.path.endswith(f"/objects/{CONTACTS}") and parse_qs(parts.query).get("archived") != ["true"]


def short(page: Reply) -> Reply:
    """Return a page with half of its rows and nothing after it."""
    if page.status != 200:  # noqa: PLR2004 - OK
        return page
    content = json.loads(page.body)
    content.pop("paging", None)
    content["results"] = content["results"][: len(content["results"]) // 2]
    return replace(page, body=json.dumps(content).encode())
