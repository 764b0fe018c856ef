"""The function reads a source that is enabled, and answers what it did."""

import json
from datetime import date, timedelta

import boto3
import pytest

from cartlake.times import utc_now
from lambdas.shared.clients import ledger
from lambdas.source_sync import handler
from lambdas.source_sync.settings import Settings
from sources.errors import UnknownSourceError
from sources.fx_rates import CURRENCIES
from tests.servers.ecb import Ecb


@pytest.fixture
def ecb(monkeypatch):
    server = Ecb(date(2026, 1, 5), date(2026, 1, 9))
    with server.serving() as address:
        enabled = {"fx_rates": {"url": address}}
        monkeypatch.setattr(handler, "settings", lambda: Settings(sources=enabled))
        yield server


@pytest.fixture
def invoke(account, lambda_context):
    def invoke(left_ms=600_000, **request):
        lambda_context.get_remaining_time_in_millis = lambda: left_ms
        return handler.lambda_handler({"source": "fx_rates", **request}, lambda_context)

    return invoke


def keys():
    return [one["Key"] for one in boto3.client("s3").list_objects_v2(Bucket="raw").get("Contents", [])]


def test_it_writes_files_into_the_raw_zone_and_says_how_many(ecb, invoke):
    answer = invoke()

    assert (answer["outcome"], answer["written"], answer["files"]) == ("done", 5 * len(CURRENCIES), 1)
    [key] = keys()
    assert key == f"incoming/fx_rates/sync/{answer['sync_id']}/000001.jsonl"
    body = boto3.client("s3").get_object(Bucket="raw", Key=key)["Body"].read().decode()
    assert {json.loads(line)["currency"] for line in body.splitlines()} == CURRENCIES
    assert ledger().sources.get("fx_rates").watermark.startswith("2026-01-09")


def test_a_dry_run_writes_nothing(ecb, invoke):
    assert (invoke(dry_run=True)["written"], keys(), ledger().sources.all()) == (20, [], [])


def test_since_reads_from_a_moment_on(ecb, invoke):
    assert invoke(since="2026-01-08T00:00:00Z")["written"] == 2 * len(CURRENCIES)


def test_without_time_it_leaves_all_to_the_next_call(ecb, invoke):
    first = invoke(left_ms=60_000)

    assert (first["outcome"], first["files"]) == ("unfinished", 0)
    assert invoke()["outcome"] == "done"


def test_a_call_amid_another_is_no_error(ecb, invoke):
    ledger().sources.take("fx_rates", "another", utc_now() - timedelta(seconds=1))

    assert invoke()["outcome"] == "busy"


def test_a_source_that_is_not_enabled_is_refused(ecb, invoke):
    with pytest.raises(UnknownSourceError, match=r"'salesforce' is no source of this lake. Enabled: fx_rates"):
        invoke(source="salesforce")
