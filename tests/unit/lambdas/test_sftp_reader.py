"""The function reads a server that is enabled, and answers what became of its files."""

import json
from datetime import timedelta

import boto3
import pytest

from cartlake.times import utc_now
from lambdas.sftp_reader import handler
from lambdas.sftp_reader.settings import Settings
from lambdas.shared.clients import ledger
from sources.errors import UnknownSourceError
from tests.servers.sftp import PASSWORD, SftpSite

SECRET = "cartlake-test/acme"
NAME = "orders.csv"


@pytest.fixture
def site(account, monkeypatch, tmp_path):
    boto3.client("secretsmanager").create_secret(Name=SECRET, SecretString=json.dumps({"password": PASSWORD}))
    with SftpSite(tmp_path).serving() as site:
        site.put(NAME, b"order_id\n1\n")
        monkeypatch.setattr(handler, "settings", lambda: Settings(sftp={"acme": site.settings(secret=SECRET)}))
        yield site


@pytest.fixture
def invoke(site, lambda_context):
    def invoke(left_ms=600_000, **request):
        lambda_context.get_remaining_time_in_millis = lambda: left_ms
        return handler.lambda_handler({"server": "acme", **request}, lambda_context)

    return invoke


@pytest.fixture
def settle(monkeypatch):
    """Let the settle time pass."""

    def settle():
        now = utc_now() + timedelta(seconds=61)
        monkeypatch.setattr(handler, "Fetcher", lambda *given, **named: fetcher(*given, **named, now=lambda: now))

    fetcher = handler.Fetcher
    return settle


def test_a_file_is_copied_by_the_second_look(invoke, settle):
    assert invoke()["waiting"] == 1
    settle()
    assert invoke(dry_run=True)["fetched"] == 1
    answer = invoke()

    [file] = answer.pop("files")
    assert answer == {
        "outcome": "done",
        "server": "acme",
        "dataset": "transactions",
        "listed": 1,
        "fetched": 1,
        "known": 0,
        "waiting": 0,
        "refused": 0,
        "settles_in": None,
        "dry_run": False,
    }
    found = boto3.client("s3").get_object(Bucket="raw", Key=file["key"])
    assert (file["file"], found["Body"].read()) == (NAME, b"order_id\n1\n")
    assert invoke() == answer | {"fetched": 0, "known": 1, "files": []}


def test_without_time_it_leaves_all_to_the_next_call(invoke, settle):
    invoke()
    settle()

    assert invoke(left_ms=60_000)["outcome"] == "unfinished"
    assert invoke()["fetched"] == 1


def test_a_refused_file_fails_a_scheduled_call_and_is_in_the_answer_of_others(invoke, site, settle):
    site.put("denied.csv", b"rows")
    site.denied = {"denied.csv"}
    invoke(scheduled=True)
    settle()

    with pytest.raises(
        handler.RefusedFilesError, match=r"1 files of acme were refused, first 'denied.csv'; all others"
    ):
        invoke(scheduled=True)
    answer = invoke()

    assert (answer["known"], answer["refused"]) == (1, 1)
    assert answer["files"][0]["why"].startswith("lake may not read it")


def test_a_call_amid_another_is_no_error(invoke):
    ledger().sftp.take("acme", "another", utc_now() - timedelta(seconds=1))

    assert invoke()["outcome"] == "busy"


def test_a_server_that_is_not_enabled_is_refused(invoke):
    with pytest.raises(UnknownSourceError, match=r"'other' is no SFTP server of this lake. It reads: acme"):
        invoke(server="other")
