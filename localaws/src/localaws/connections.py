"""How Hypercorn treats connections, so that no client of the loopback interface loses the answer to its request.

A lost answer makes an SDK ask again for what was already done. Hypercorn's own ways lose answers twice:

- It sends the head of an answer and its body one after the other. The AWS SDK for Go closes a request's body as soon as
  it has the head; when its writer has not yet seen the end of that body, as happens on a busy machine, Go takes this
  for an error and closes the connection, and the rest of the answer is lost: "use of closed network connection",
  attempt 2. Head and body sent together are read together, up to the 4 KB that Go reads at once; what is longer is a
  description or a list, which does no harm when it is asked for twice.
- It closes idle connections. A request that arrives in that moment is carried out, and its answer has nowhere to go.
  Over a network a server must do that, for clients may vanish; here the kernel closes the connections of a process that
  ends.
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

NEVER_SECONDS = int(timedelta(days=365).total_seconds())


def keep_connections(config: Config) -> None:
    """Let Hypercorn close no connection on its own: neither an idle one nor one after a number of requests."""
    config.keep_alive_timeout = NEVER_SECONDS
    config.keep_alive_max_requests = sys.maxsize
    config.backlog = 1024


def install() -> None:
    """Change Hypercorn for this process. Raises AttributeError when this version of it is another."""
    _forget_closed_connections()
    _send_head_and_body_together()


def _forget_closed_connections() -> None:
    """Let a connection end when its client closes it; Hypercorn keeps it until the keep-alive timeout."""

    @wrap(TCPServer, "_read_data")
    async def _(original: Any, self: Any) -> None:
        await original(self)
        self.client_has_closed = True
        await self.idle_task.stop()

    @wrap(TCPServer, "protocol_send")
    async def _(original: Any, self: Any, event: Any) -> None:
        # The answer to the last request may end after the client has closed: no request can follow it.
        if isinstance(event, Updated) and event.idle and getattr(self, "client_has_closed", False):
            return
        await original(self, event)


def _send_head_and_body_together() -> None:
    """Hold a head back until the first bytes of the body, or the end, are there to be sent."""

    @wrap(H11Protocol, "_send_h11_event")
    async def _(_original: Any, self: Any, event: Any) -> None:
        try:
            data = self.connection.send(event)
        except h11.LocalProtocolError:
            if self.connection.their_state != h11.ERROR:
                raise
            return
        data = getattr(self, "held_head", b"") + (data or b"")
        if isinstance(event, h11.Response):
            self.held_head = data
            return
        self.held_head = b""
        await self.send(RawData(data=data))
