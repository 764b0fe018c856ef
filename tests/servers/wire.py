"""A port in front of a server: it ends TLS where it is given a certificate, and cuts connections when it is told to."""

import socket
import ssl
from contextlib import contextmanager, suppress
from threading import Lock, Thread

CHUNK = 4096


class Wire:
    """Hands bytes on, from a port of its own to another of this machine.

    `cuts` are numbers of bytes: each ends one connection, once the server sent so many over it. `refused` is how many
    connections are ended before a byte. `opening` is called with the client's socket and the server's, and returns the
    client's, before bytes are handed on.
    """

    def __init__(self, target, opening=lambda client, _server: client):
        self.target, self.opening = target, opening
        self.cuts, self.refused, self.connections = [], 0, 0
        self.port, self._lock = 0, Lock()

    @contextmanager
    def serving(self):
        """The port until the block ends."""
        with socket.create_server(("127.0.0.1", 0)) as listening:
            self.port = listening.getsockname()[1]
            Thread(target=self._accept, args=(listening,), daemon=True).start()
            yield self

    def _accept(self, listening):
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with self._lock:
            self.connections += 1
            refuse, self.refused = self.refused > 0, max(0, self.refused - 1)
        with client, suppress(OSError):
            if refuse:
                return
            with socket.create_connection(("127.0.0.1", self.target)) as server, self.opening(client, server) as opened:
                Thread(target=self._upstream, args=(opened, server), daemon=True).start()
                self._downstream(server, opened)
                opened.shutdown(socket.SHUT_RDWR)

    def _upstream(self, client, server):
        with suppress(OSError):
            while data := client.recv(CHUNK):
                server.sendall(data)
            server.shutdown(socket.SHUT_RDWR)

    def _downstream(self, server, client):
        sent = 0
        while data := server.recv(CHUNK):
            with self._lock:
                cut = self.cuts.pop(0) if self.cuts and sent + len(data) > self.cuts[0] else None
            if cut is not None:
                client.sendall(data[: max(0, cut - sent)])
                return
            client.sendall(data)
            sent += len(data)


def server_context(certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
