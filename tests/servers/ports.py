"""Ports of this machine: one that is free, and whether a server that was started listens on its own."""

import socket
import time


def free_port() -> int:
    """A port that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def wait_until_it_listens(port, process, log, seconds=120):
    """Wait for a server. It fails with the text of its log when its process ends or takes too long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            with socket.create_connection(("127.0.0.1", port)):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(log.read_text())
