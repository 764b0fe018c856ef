"""Events in S3 that are sent again: those of marked runs, and those of all runs since a day."""

import json
from datetime import date

import boto3
import pytest

from cartlake.lineage.sending import LineageServerError
from cartlake.runs.folder import RunFolder, day_of
from cartlake_cli.lineage import resending
from cartlake_cli.lineage.resending import send_again

OLD, NEW, NEWEST = (f"transactions-202601{day}T083000-aaaaaa" for day in ("29", "30", "31"))


@pytest.fixture
def server(monkeypatch):
    """Remembers runs by their events; refuses those in `refuses`."""

    class Server(list):
        refuses = ()

    found = Server()

    def send(url, events, _seconds):
        kinds = [json.loads(event) for event in events]
        if kinds[0]["run"] in found.refuses:
            raise LineageServerError(f"{url} answered 503: busy")
        found.append((kinds[0]["run"], [one["kind"] for one in kinds]))

    monkeypatch.setattr(resending, "send", send)
    return found


@pytest.fixture
def runs(lake):
    """Three runs that have ended, and one at work; the first and the last are marked as unsent."""
    s3 = boto3.client("s3")
    for run_id in (OLD, NEW, NEWEST):
        for name in ("START", "END"):
            put(s3, RunFolder("artifacts", run_id).lineage_event(name), json.dumps({"run": run_id, "kind": name}))
    at_work = RunFolder("artifacts", "transactions-20260131T093000-aaaaaa")
    put(s3, at_work.lineage_event("START"), json.dumps({"run": "at work", "kind": "START"}))
    for run_id in (OLD, NEWEST):
        put(s3, RunFolder("artifacts", run_id).lineage_unsent, "no answer")
    return s3


def put(s3, uri, text):
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    s3.put_object(Bucket=bucket, Key=key, Body=text.encode())


def marked(s3):
    found = s3.list_objects_v2(Bucket="artifacts", Prefix="lineage/unsent/").get("Contents", [])
    return [one["Key"].rpartition("/")[2] for one in found]


def test_marked_runs_are_sent_start_first_and_are_marked_no_more(runs, server):
    done = send_again("artifacts", "http://m")

    assert server == [(OLD, ["START", "END"]), (NEWEST, ["START", "END"])]
    assert (done.sent, done.left, done.fault) == ([OLD, NEWEST], [], None)
    assert marked(runs) == []


def test_nothing_is_sent_twice(runs, server):
    send_again("artifacts", "http://m")

    assert send_again("artifacts", "http://m").sent == []


def test_what_the_server_refuses_stays_marked_and_is_sent_the_next_time(runs, server):
    server.refuses = (NEWEST,)

    done = send_again("artifacts", "http://m")

    assert (done.sent, done.left) == ([OLD], [NEWEST])
    assert done.fault == "http://m answered 503: busy"
    assert marked(runs) == [NEWEST]
    server.refuses = ()
    assert send_again("artifacts", "http://m").sent == [NEWEST]


def test_all_runs_since_a_day_that_have_ended(runs, server):
    assert send_again("artifacts", "http://m", date(2026, 1, 30)).sent == [NEW, NEWEST]
    assert marked(runs) == [OLD]


def test_a_mark_without_events_is_told_and_stays(runs, server):
    gone = "fx_rates-20250101T000000-aaaaaa"
    put(runs, RunFolder("artifacts", gone).lineage_unsent, "no answer")

    done = send_again("artifacts", "http://m")

    assert done.without_events == [gone]
    assert marked(runs) == [gone]


def test_the_day_of_a_run_is_that_in_its_id():
    assert day_of(NEW) == "2026-01-30"
    assert day_of("a_b-20261231T235959-abcdef") == "2026-12-31"
