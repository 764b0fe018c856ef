"""Changes how Hypercorn handles connections, so that no client of the loopback interface loses a response.

An SDK that loses a response repeats a request that was already carried out. Hypercorn loses responses in two ways:

- It sends the headers of a response and its body separately. The AWS SDK for Go closes a request's body as soon as it
  has the headers; when its writer has not yet seen the end of that body, as happens on a busy machine, Go takes this
  for an error and closes the connection, and the rest of the response is lost: "use of closed network connection",
  attempt 2. Headers and body sent together are read together, up to the 4 KB that Go reads at once; longer responses
  are descriptions or lists, which can be requested twice without harm.
- It closes idle connections. A request that arrives at that moment is carried out, and its response cannot be sent.
  Over a network a server must close idle connections, because clients may disappear; on the loopback interface the
  kernel closes the connections of a process that ends.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import h11
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.events import RawData, Updated
from hypercorn.protocol.h11 import H11Protocol

from localaws.hooks import wrap

if TYPE_CHECKING:
    from hypercorn.config import Config

KEEP_ALIVE_SECONDS = int(timedelta(days=365).total_seconds())


def keep_connections(config: Config) -> None:
    """Stop Hypercorn from closing connections: neither when idle nor after a number of requests."""
    config.keep_alive_timeout = KEEP_ALIVE_SECONDS
    config.keep_alive_max_requests = sys.maxsize
    config.backlog = 1024


def install() -> None:
    """Change Hypercorn for this process. Raises AttributeError when this version does not have a function to change."""
    _end_closed_connections()
    _send_headers_and_body_together()


def _end_closed_connections() -> None:
    """End a connection when its client closes it; Hypercorn keeps it until the keep-alive timeout."""

    @wrap(TCPServer, "_read_data")
    async def _(original: Any, self: Any) -> None:
        await original(self)
        self.client_has_closed = True
        await self.idle_task.stop()

    @wrap(TCPServer, "protocol_send")
    async def _(original: Any, self: Any, event: Any) -> None:
        # The last response may end after the client has closed: no request can follow it.
        if isinstance(event, Updated) and event.idle and getattr(self, "client_has_closed", False):
            return
        await original(self, event)


def _send_headers_and_body_together() -> None:
    """Delay the headers until the first bytes of the body, or the end, can be sent with them."""

    @wrap(H11Protocol, "_send_h11_event")
    async def _(_original: Any, self: Any, event: Any) -> None:
        try:
            data = self.connection.send(event)
        except h11.LocalProtocolError:
            if self.connection.their_state != h11.ERROR:
                raise
            return
        data = getattr(self, "delayed_headers", b"") + (data or b"")
        if isinstance(event, h11.Response):
            self.delayed_headers = data
            return
        self.delayed_headers = b""
        await self.send(RawData(data=data))
