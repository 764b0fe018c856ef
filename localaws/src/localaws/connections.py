"""Keeps the connections of clients open for as long as the clients do.

A server that closes idle connections loses requests: one that arrives in the moment of the closing is read and carried
out, but its answer has no connection to go to, and the client's SDK asks again. Over the network a server must close
connections of clients that vanished; on the loopback interface the kernel closes them when the client's process ends.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.events import Updated

from localaws.hooks import wrap

if TYPE_CHECKING:
    from hypercorn.config import Config

NEVER_SECONDS = timedelta(days=365).total_seconds()


def keep_connections(config: Config) -> None:
    """Let Hypercorn close no connection on its own: neither an idle one nor one after so many requests."""
    # Typed as whole seconds, handed to asyncio.wait_for.
    config.keep_alive_timeout = int(NEVER_SECONDS)
    config.keep_alive_max_requests = sys.maxsize
    config.backlog = 1024


def forget_closed_connections() -> None:
    """Let a connection end as soon as its client has closed it; Hypercorn waits for the keep-alive timeout even then.

    Raises AttributeError when this version of Hypercorn is another.
    """

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
