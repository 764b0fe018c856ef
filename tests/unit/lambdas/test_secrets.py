"""A planted secret is used, and then stands nowhere: not in logs, objects, the ledger, variables or what is raised."""

# ruff: noqa: F811 - fixtures of another module

import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
import pytest
from aws_lambda_powertools.utilities import parameters

from cartlake import secrets
from lambdas.shared import lineage as shared
from tests.unit.lambdas.test_run_recorder import call, files, ledger, report  # noqa: F401 - fixtures

MARKER = "planted-7f3a91c2-never-to-be-seen"
NAME = "cartlake-test/lineage"


@pytest.fixture(autouse=True)
def _no_values_of_other_tests():
    parameters.clear_caches()
    yield
    parameters.clear_caches()


@pytest.fixture
def stored(account):
    """The secret, with the marker as its value."""
    client = boto3.client("secretsmanager")
    client.create_secret(Name=NAME, SecretString=MARKER)
    return client


@pytest.fixture(params=[201, 503])
def status(request):
    """What the server answers."""
    return request.param


@pytest.fixture
def server(status, monkeypatch):
    """A lineage server that answers with what it was asked; the URL it has, and the keys it was sent."""
    sent = []

    class Echo(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            sent.append(self.headers["Authorization"])
            self.send_response(status)
            self.end_headers()
            self.wfile.write(f"you sent {self.headers['Authorization']}".encode())

        def log_message(self, *_):
            """Print nothing."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    monkeypatch.setenv("LINEAGE_URL", f"http://127.0.0.1:{http.server_port}")
    monkeypatch.setenv("LINEAGE_SECRET", NAME)
    shared._settings.cache_clear()
    yield sent
    shared._settings.cache_clear()
    http.shutdown()
    http.server_close()


def everything(account):
    """All objects of all buckets, and all items of all tables, as text."""
    for bucket in account.s3.list_buckets()["Buckets"]:
        for one in account.s3.list_objects_v2(Bucket=bucket["Name"]).get("Contents", []):
            yield account.s3.get_object(Bucket=bucket["Name"], Key=one["Key"])["Body"].read().decode(errors="replace")
    tables = boto3.client("dynamodb")
    for name in tables.list_tables()["TableNames"]:
        yield str(tables.scan(TableName=name)["Items"])


def logged(caplog):
    """All that was logged, with what was logged beside the messages."""
    return str([vars(record) for record in caplog.records])


def test_the_key_is_sent_to_its_server_and_kept_nowhere(account, report, call, stored, server, status, capsys, caplog):
    assert call("record")["state"] == "SUCCEEDED"

    assert set(server) == {f"Bearer {MARKER}"}
    assert len([text for text in everything(account) if MARKER in text]) == 0
    printed = capsys.readouterr()
    assert MARKER not in printed.out + printed.err + logged(caplog)
    assert ("answered 503: you sent Bearer ***" in logged(caplog)) == (status == 503)
    assert [name for name, value in os.environ.items() if MARKER in value] == []


def test_a_secret_that_is_not_there_fails_no_run_and_says_how_to_store_it(account, report, call, server, caplog):
    assert call("record")["state"] == "SUCCEEDED"

    assert server == []
    assert "put-secret-value" in logged(caplog)


def test_a_rotated_value_is_read_when_the_old_one_is_too_old(stored, monkeypatch):
    assert secrets.read_secret(NAME) == MARKER
    stored.put_secret_value(SecretId=NAME, SecretString="the next")  # pragma: allowlist secret

    assert secrets.read_secret(NAME) == MARKER
    monkeypatch.setattr(secrets, "MAX_AGE_SECONDS", 0)
    parameters.clear_caches()
    assert secrets.read_secret(NAME) == "the next"


def test_an_error_names_the_secret_and_the_next_step(account):
    with pytest.raises(secrets.SecretError, match=rf"{NAME} cannot be read.*put-secret-value --secret-id {NAME}"):
        secrets.read_secret(NAME)
