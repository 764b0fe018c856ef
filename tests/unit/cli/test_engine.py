"""The engine of Explore: downloaded once, checked against its lock, and what is said where it cannot be had."""

import base64
import functools
import gzip
import hashlib
import http.server
import io
import tarfile
import threading
from types import SimpleNamespace

import pytest

from cartlake_cli.commands.lake.dashboard import engine_of
from cartlake_cli.dashboard import engine
from cartlake_cli.dashboard.engine import PUBLIC_REGISTRY, EngineError, EngineLock, fetch_engine, npm_registry
from cartlake_cli.dashboard.serving import EXPLORE_POLICY, POLICY, encoded, respond

MEMBERS = {"package/dist/a.wasm": b"\0asm" + b"a" * 5000, "package/dist/a.js": b"onmessage = null;"}


def tarball(members):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


PACKAGE = tarball(MEMBERS)


def lock_of(package):
    return EngineLock(
        package="@duckdb/duckdb-wasm",
        version="1.0.0",
        integrity="sha512-" + base64.b64encode(hashlib.sha512(package).digest()).decode(),
        files={"a-1.0.0.wasm": "package/dist/a.wasm", "a-1.0.0.worker.js": "package/dist/a.js"},
    )


@pytest.fixture
def registry(tmp_path):
    """A registry with one package, and the paths that were asked of it."""
    folder, asked = tmp_path / "registry", []
    file = folder / "npm/@duckdb/duckdb-wasm/-/duckdb-wasm-1.0.0.tgz"
    file.parent.mkdir(parents=True)
    file.write_bytes(PACKAGE)

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            asked.append(self.path)

    serving = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=folder))
    thread = threading.Thread(target=serving.serve_forever)
    thread.start()
    yield SimpleNamespace(url=f"http://127.0.0.1:{serving.server_port}/npm/", file=file, asked=asked)
    serving.shutdown()
    thread.join()
    serving.server_close()


def test_the_files_of_the_package_are_downloaded_once_and_kept_compressed(registry, tmp_path):
    folder = fetch_engine(lock_of(PACKAGE), tmp_path, registry.url)
    again = fetch_engine(lock_of(PACKAGE), tmp_path, registry.url)

    assert folder == again == tmp_path / "explore" / "1.0.0"
    assert {file.name: gzip.decompress(file.read_bytes()) for file in folder.iterdir()} == {
        "a-1.0.0.wasm.gz": MEMBERS["package/dist/a.wasm"],
        "a-1.0.0.worker.js.gz": MEMBERS["package/dist/a.js"],
    }
    assert registry.asked == ["/npm/@duckdb/duckdb-wasm/-/duckdb-wasm-1.0.0.tgz"]


def test_an_incomplete_folder_is_made_again(registry, tmp_path):
    folder = fetch_engine(lock_of(PACKAGE), tmp_path, registry.url)
    (folder / "a-1.0.0.wasm.gz").unlink()

    assert (fetch_engine(lock_of(PACKAGE), tmp_path, registry.url) / "a-1.0.0.wasm.gz").is_file()


def test_another_package_than_that_of_the_lock_is_refused_and_nothing_is_kept(registry, tmp_path):
    registry.file.write_bytes(tarball({**MEMBERS, "package/dist/a.js": b"steal();"}))

    with pytest.raises(EngineError, match=r"duckdb-wasm-1.0.0.tgz is not @duckdb/duckdb-wasm 1.0.0: its SHA-512 is"):
        fetch_engine(lock_of(PACKAGE), tmp_path, registry.url)

    assert list((tmp_path / "explore").iterdir()) == []


def test_a_registry_without_the_package_or_without_an_answer_is_named_with_other_ways(registry, tmp_path):
    registry.file.unlink()
    by_hand = tmp_path / "explore/duckdb-wasm-1.0.0.tgz"

    with pytest.raises(EngineError, match=r"could not be downloaded from http://127.*404") as found:
        fetch_engine(lock_of(PACKAGE), tmp_path, registry.url)
    assert "npm_config_registry" in str(found.value)
    assert f"npm pack @duckdb/duckdb-wasm@1.0.0` at {by_hand}." in str(found.value)

    with pytest.raises(EngineError, match="refused"):
        fetch_engine(lock_of(PACKAGE), tmp_path, "http://127.0.0.1:1/")
    with pytest.raises(EngineError, match=r"'file:///etc/' is no address of an npm registry"):
        fetch_engine(lock_of(PACKAGE), tmp_path, "file:///etc/")


def test_a_package_that_somebody_put_there_needs_no_registry(tmp_path):
    (tmp_path / "explore").mkdir()
    (tmp_path / "explore/duckdb-wasm-1.0.0.tgz").write_bytes(PACKAGE)

    folder = fetch_engine(lock_of(PACKAGE), tmp_path, "http://127.0.0.1:1/")

    assert len(list(folder.iterdir())) == 2


@pytest.mark.parametrize(
    ("environment", "npmrc", "expected"),
    [
        ({}, "", PUBLIC_REGISTRY),
        ({}, "# none\nregistry = 'https://npm.example/all/'\n", "https://npm.example/all/"),
        ({}, "registry=https://npm.example/all/\n@duckdb:registry=https://npm.example/duck/", "https://npm.example/duck/"),
        ({"npm_config_registry": "https://env.example/"}, "registry=https://npm.example/", "https://env.example/"),
        ({"NPM_CONFIG_REGISTRY": "https://env.example/"}, "", "https://env.example/"),
    ],
)  # fmt: skip
def test_the_registry_is_the_one_that_npm_uses(tmp_path, environment, npmrc, expected):
    (tmp_path / ".npmrc").write_text(npmrc)

    assert npm_registry(environment, tmp_path) == expected


def test_another_file_of_settings_may_be_named(tmp_path):
    (tmp_path / "other").write_text("registry=https://other.example/")

    assert npm_registry({"npm_config_userconfig": str(tmp_path / "other")}, tmp_path) == "https://other.example/"


def test_the_engine_is_served_compressed_and_may_run_webassembly_where_the_dashboard_may_not(tmp_path):
    (tmp_path / "index.html").write_text("dashboard")
    (tmp_path / "explore.html").write_text("explore")
    compressed = gzip.compress(MEMBERS["package/dist/a.wasm"])

    def answer(path, accepted="gzip"):
        found = respond(tmp_path, lambda _: b"PAR1", path, lambda name: compressed if name == "a.wasm" else None)
        return encoded(found, {"accept-encoding": accepted})

    status, headers, body = answer("/engine/a.wasm")
    assert (status, headers["Content-Type"], headers["Content-Encoding"]) == (200, "application/wasm", "gzip")
    assert body == compressed
    assert answer("/engine/a.wasm", "identity")[2] == MEMBERS["package/dist/a.wasm"]
    assert answer("/engine/b.wasm")[0] == 404
    policies = {path: answer(path)[1]["Content-Security-Policy"] for path in ("/", "/explore.html", "/engine/a.wasm")}
    assert policies == {"/": POLICY, "/explore.html": EXPLORE_POLICY, "/engine/a.wasm": EXPLORE_POLICY}
    assert "wasm" not in POLICY
    assert answer("/tiles/explore/a.parquet")[1]["Content-Type"] == "application/vnd.apache.parquet"


def test_the_command_downloads_what_the_page_asks_for_and_says_why_it_cannot(tmp_path, registry, monkeypatch):
    (tmp_path / engine.LOCK).write_text(lock_of(PACKAGE).model_dump_json())
    monkeypatch.setenv("npm_config_registry", registry.url)
    read = engine_of(SimpleNamespace(root=tmp_path), tmp_path)

    assert read("nothing.wasm") is None
    assert not registry.asked
    assert gzip.decompress(read("a-1.0.0.wasm")) == MEMBERS["package/dist/a.wasm"]

    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:1/")
    elsewhere = engine_of(SimpleNamespace(root=tmp_path / "elsewhere"), tmp_path)
    answer = respond(tmp_path, lambda _: None, "/engine/a-1.0.0.wasm", elsewhere)
    assert (answer.status, b"could not be downloaded" in answer.body) == (502, True)
