"""A server on this machine: a function answers its requests, and faults come before it."""

import json
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread

TRUNCATED = "truncated"
DROPPED = "dropped"


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict
    body: bytes

    def json(self):
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes = b""
    headers: dict = field(default_factory=dict)


def json_reply(value: object, status: int = 200, **headers: str) -> Reply:
    return Reply(status, json.dumps(value).encode(), {"Content-Type": "application/json", **headers})


class FaultyServer:
    """Answers by `reply(request)`; of `faults`, each request takes one: None, TRUNCATED, DROPPED or a Reply."""

    def __init__(self):
        self.faults, self.requests, self.lock = deque(), [], Lock()
        self.date = None

    def reply(self, request):
        raise NotImplementedError

    def answered(self, request):
        with self.lock:
            self.requests.append(request)
            fault = self.faults.popleft() if self.faults else None
            return fault, fault if isinstance(fault, Reply) else self.reply(request)

    @contextmanager
    def serving(self):
        """The address of the server, which ends with the block."""
        with serving(handler_of(self)) as address:
            yield address


@contextmanager
def serving(handler):
    """The address of a server with this handler, which ends with the block."""
    http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{http.server_port}"
    http.shutdown()
    http.server_close()
    thread.join()


def handler_of(server):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            length = int(self.headers.get("Content-Length") or 0)
            request = Request(self.command, self.path, dict(self.headers), self.rfile.read(length))
            fault, reply = server.answered(request)
            if fault == DROPPED:
                self.close_connection = True
                return
            self.send_response_only(reply.status)
            self.send_header("Date", formatdate(server.date, usegmt=True))
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body[: len(reply.body) // 2] if fault == TRUNCATED else reply.body)
            self.close_connection = True

        do_POST = do_GET  # noqa: N815 -- the name BaseHTTPRequestHandler calls

        def log_message(self, *_):
            pass

    return Handler
