"""A proxy for HTTPS that leads api.hubapi.com to a server on this machine, with a certificate of its own."""

import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socket import SHUT_WR, create_connection, socket
from threading import Thread
from urllib.parse import urlsplit

from tests.servers.http import serving

HOST = "api.hubapi.com"


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Write a certificate for HOST that signs itself, and its key; valid for two days."""
    certificate, key = folder / "hubapi.crt", folder / "hubapi.key"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={HOST}"]
    command += ["-addext", f"subjectAltName=DNS:{HOST}", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    return certificate, key


def pass_on(source: socket, target: socket) -> None:
    """Send what one side says to the other, until it says no more; then the other hears no more either."""
    with suppress(OSError):
        while said := source.recv(65_536):
            target.sendall(said)
    with suppress(OSError):
        target.shutdown(SHUT_WR)


@contextmanager
def proxy_of(server: str, certificate: Path, key: Path) -> Iterator[str]:
    """The address of a proxy, which ends with the block. Other hosts than HOST are answered with 403."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.set_alpn_protocols(["http/1.1"])
    target = urlsplit(server)

    class Handler(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            if self.path != f"{HOST}:443":
                self.send_error(403)
                return
            self.send_response_only(200)
            self.end_headers()
            self.close_connection = True
            with (
                suppress(OSError),
                context.wrap_socket(self.connection, server_side=True) as client,
                create_connection((target.hostname, target.port)) as behind,
            ):
                answers = Thread(target=pass_on, args=(behind, client), daemon=True)
                answers.start()
                pass_on(client, behind)
                answers.join()

        def log_message(self, *_: object) -> None:
            pass

    with serving(Handler) as address:
        yield address
