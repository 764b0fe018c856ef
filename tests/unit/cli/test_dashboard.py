"""`lake dashboard`: what the server answers, and what the command says when there is nothing to show."""

import gzip
import http.client
import threading
from http import HTTPStatus

import pytest
from botocore.exceptions import ClientError

from cartlake_cli.commands.lake.dashboard import PACKAGED, page_folder, tiles_of
from cartlake_cli.dashboard.serving import HEADERS, TilesForbiddenError, encoded, respond, server
from cartlake_cli.dashboard.tiles import BucketTiles
from cartlake_cli.errors import NotReadyError


@pytest.fixture
def page(tmp_path):
    folder = tmp_path / "page"
    (folder / "pages").mkdir(parents=True)
    (folder / "index.html").write_text("<h1>Sales</h1>")
    (folder / "pages" / "sales.js").write_text("export {};")
    (folder / "notes.txt").write_text("none of the page")
    (tmp_path / "secret.js").write_text("secret")
    (folder / "link.js").symlink_to(tmp_path / "secret.js")
    return folder


def read_tile(name):
    if name == "tiles/forbidden.json":
        raise TilesForbiddenError("You may not read it.")
    return b"{}" if name == "tiles/sales.json" else None


@pytest.mark.parametrize(
    ("path", "status", "content_type"),
    [
        ("/", 200, "text/html; charset=utf-8"),
        ("/index.html?locale=de", 200, "text/html; charset=utf-8"),
        ("/pages/sales.js", 200, "text/javascript; charset=utf-8"),
        ("/tiles/sales.json", 200, "application/json"),
        ("/tiles/nothing.json", 404, "text/plain; charset=utf-8"),
        ("/tiles/forbidden.json", 403, "text/plain; charset=utf-8"),
        ("/nothing.js", 404, "text/plain; charset=utf-8"),
        ("/notes.txt", 404, "text/plain; charset=utf-8"),
        ("/../secret.js", 404, "text/plain; charset=utf-8"),
        ("/%2e%2e/secret.js", 404, "text/plain; charset=utf-8"),
        ("/link.js", 404, "text/plain; charset=utf-8"),
        ("/pages", 404, "text/plain; charset=utf-8"),
    ],
)
def test_the_page_and_its_tiles_are_served_and_nothing_else(page, path, status, content_type):
    answer = respond(page, read_tile, path)

    assert (answer.status, answer.content_type) == (status, content_type)
    assert b"secret" not in answer.body.replace(b"secret.js", b"")


def test_answers_are_compressed_and_not_sent_twice(page):
    answer = respond(page, read_tile, "/")

    status, headers, body = encoded(answer, {"accept-encoding": "gzip, br"})
    again, _, nothing = encoded(answer, {"if-none-match": headers["ETag"]})

    assert (status, headers["Content-Encoding"], gzip.decompress(body)) == (200, "gzip", b"<h1>Sales</h1>")
    assert (again, nothing) == (HTTPStatus.NOT_MODIFIED, b"")
    assert encoded(answer, {})[2] == b"<h1>Sales</h1>"
    assert headers.items() >= HEADERS.items()


@pytest.mark.parametrize(("host", "status"), [("127.0.0.1", 200), ("localhost", 200), ("shop.example", 421)])
def test_a_name_that_another_site_points_here_is_refused(page, host, status):
    serving = server(page, read_tile)
    thread = threading.Thread(target=serving.serve_forever)
    thread.start()
    try:
        connection = http.client.HTTPConnection("127.0.0.1", serving.server_port, timeout=10)
        connection.request("GET", "/tiles/sales.json", headers={"Host": f"{host}:{serving.server_port}"})
        answer = connection.getresponse()
        assert (answer.status, answer.getheader("X-Frame-Options")) == (status, "DENY")
        answer.read()
        connection.request("HEAD", "/", headers={"Host": f"{host}:{serving.server_port}"})
        assert connection.getresponse().read() == b""
        connection.close()
    finally:
        serving.shutdown()
        thread.join()
        serving.server_close()


class Client:
    """An S3 client that refuses."""

    def __init__(self, code):
        self.code = code

    def get_object(self, **_):
        raise ClientError({"Error": {"Code": self.code}}, "GetObject")


def test_a_tile_that_is_not_there_a_right_that_lacks_and_other_faults_differ():
    assert BucketTiles("b", Client("NoSuchKey")).read("tiles/sales.json") is None
    with pytest.raises(TilesForbiddenError, match=r"s3://b/tiles/sales.json \(AccessDenied\).*s3:GetObject"):
        BucketTiles("b", Client("AccessDenied")).read("tiles/sales.json")
    with pytest.raises(ClientError):
        BucketTiles("b", Client("SlowDown")).read("tiles/sales.json")


class Lake:
    environment = "dev"

    def __init__(self, buckets, code="NoSuchKey"):
        self.outputs = type("Outputs", (), {"buckets": buckets})
        self.code = code

    def client(self, _service):
        return Client(self.code)


@pytest.mark.parametrize(
    ("lake", "message"),
    [
        (Lake({}), "deployed by a version without a dashboard"),
        (Lake({"dashboard": "b"}), "has no tiles yet.*lake recompute curated.sales_daily"),
        (Lake({"dashboard": "b"}, "AccessDenied"), "your role needs s3:GetObject"),
    ],
)
def test_a_lake_without_tiles_says_what_to_do(lake, message):
    with pytest.raises(NotReadyError, match=message):
        tiles_of(lake)


def test_the_page_is_that_of_the_checkout_or_of_the_installed_package(page, tmp_path):
    (tmp_path / "dashboard").symlink_to(page)

    assert page_folder(tmp_path) == tmp_path / "dashboard"
    assert page_folder(tmp_path / "elsewhere") == PACKAGED
