"""A proxy before the embedded AWS that answers some requests as AWS does when there are too many."""

import http.client
import json
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit

SLOW_DOWN = (
    b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
)
THROTTLED = json.dumps({"__type": "ThrottlingException", "message": "Rate exceeded"}).encode()


class Throttle:
    """Answers the first `times` requests of each kind so; `refused` counts them.

    Kinds: `DuckDB GET`, `boto3 GET`, …, `boto3 PUT parquet` for data files, and `Glue UpdateTable`, ….
    """

    def __init__(self, endpoint, times):
        self.target = urlsplit(endpoint).netloc
        self.times, self.refused = times, Counter()

    def refuses(self, kind):
        if self.refused[kind] >= self.times.get(kind, 0):
            return False
        self.refused[kind] += 1
        return True


def kind_of(method, path, headers):
    action = headers.get("X-Amz-Target", "")
    if action:
        return f"Glue {action.rpartition('.')[2]}"
    client = "boto3" if "Boto3" in headers.get("User-Agent", "") else "DuckDB"
    return f"{client} {method}" + (" parquet" if client == "boto3" and ".parquet" in path else "")


@contextmanager
def throttled(endpoint, **times):
    """The endpoint of a proxy before `endpoint`, and the Throttle; `times` by kind, `_` standing for a space."""
    throttle = Throttle(endpoint, {kind.replace("_", " "): number for kind, number in times.items()})

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            kind = kind_of(self.command, self.path, self.headers)
            if throttle.refuses(kind):
                glue = kind.startswith("Glue")
                self.send(400 if glue else 503, {}, THROTTLED if glue else SLOW_DOWN)
                return
            connection = http.client.HTTPConnection(throttle.target, timeout=120)
            connection.request(self.command, self.path, body, dict(self.headers))
            found = connection.getresponse()
            content = found.read()
            skipped = {"transfer-encoding", "connection", "server", "date"}
            self.send(found.status, {k: v for k, v in found.getheaders() if k.lower() not in skipped}, content)
            connection.close()

        def send(self, status, headers, content):
            self.send_response(status)
            for name, value in headers.items():
                if name.lower() != "content-length" or self.command == "HEAD":
                    self.send_header(name, value)
            if self.command != "HEAD" or not headers:
                self.send_header("Content-Length", str(len(content) if self.command != "HEAD" else 0))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = answer  # noqa: N815 - as http.server names them

        def log_message(self, *_arguments):
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", throttle
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
