"""Events posted to a server on this machine: one that takes them, and ones that do not."""

import contextlib
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from cartlake.lineage.sending import LineageServerError, send


class Server:
    """Remembers what was posted; answers with `status`, after `seconds`."""

    def __init__(self):
        self.posts, self.status, self.seconds, server = [], 201, 0.0, self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                time.sleep(server.seconds)
                server.posts.append((self.path, self.headers["Content-Type"], body))
                self.send_response(server.status)
                self.end_headers()
                self.wfile.write(b"an answer")

            def log_message(self, *_):
                """Print nothing."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.handle_error = lambda *_: None  # of a client that did not wait for the answer
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()


@pytest.fixture
def server():
    started = Server()
    yield started
    started.http.shutdown()
    started.http.server_close()


@pytest.mark.parametrize("end", ["", "/"])
def test_events_are_posted_in_order_to_the_path_of_marquez(server, end):
    send(server.url + end, ['{"a":"ü"}\n', '{"b":2}\n'])

    assert server.posts == [
        ("/api/v1/lineage", "application/json", '{"a":"ü"}\n'),
        ("/api/v1/lineage", "application/json", '{"b":2}\n'),
    ]


@pytest.mark.parametrize("status", [302, 400, 503])
def test_a_refusal_is_an_error_with_the_answer_and_the_next_event_is_not_sent(server, status):
    server.status = status

    with pytest.raises(LineageServerError, match=rf"answered {status}: an answer"):
        send(server.url, ["{}\n", "{}\n"])

    assert len(server.posts) == 1


def test_nobody_there():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    with pytest.raises(LineageServerError, match=rf"127.0.0.1:{port}.* cannot be reached"):
        send(f"http://127.0.0.1:{port}", ["{}\n"])


def test_a_server_that_is_too_slow_does_not_keep_the_run_waiting(server):
    server.seconds = 20.0
    began = time.monotonic()

    with pytest.raises(LineageServerError):
        send(server.url, ["{}\n"], seconds=0.2)

    assert time.monotonic() - began < 15


def test_a_server_that_drips_its_answer_does_not_either():
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip():
            connection, _ = listening.accept()
            with connection, contextlib.suppress(ConnectionError):  # whoever waited has given up
                for byte in b"HTTP/1.1 200 OK\r\n" + b"x" * 300:
                    connection.sendall(bytes([byte]))
                    time.sleep(0.1)

        threading.Thread(target=drip, daemon=True).start()
        began = time.monotonic()

        with pytest.raises(LineageServerError, match="took longer than"):
            send(f"http://127.0.0.1:{listening.getsockname()[1]}", ["{}\n"], seconds=0.4)

        assert time.monotonic() - began < 15


def test_no_address_of_http():
    with pytest.raises(LineageServerError, match="begins with http://"):
        send("nowhere", ["{}\n"])
