"""Lineage that the functions write: one end for each run, whatever happens, and never at the cost of the run."""

# ruff: noqa: F811 - fixtures of another module

import json
from contextlib import suppress
from itertools import product

import pytest

from cartlake.errors import CartlakeError, TransientError
from cartlake.ledger import RunState
from cartlake.lineage.sending import LineageServerError
from cartlake.lineage.storing import store
from cartlake.runs.folder import RunFolder
from lambdas.batch_claimer import handler as claimer
from lambdas.batch_claimer.domain import manifest_entry
from lambdas.run_recorder import handler
from lambdas.shared import lineage as shared
from tests.unit.lambdas.test_run_recorder import (  # noqa: F401 - fixtures
    RUN_ID,
    call,
    files,
    ledger,
    report,
)

RUN = RunFolder("artifacts", RUN_ID)


def keys(account):
    found = account.s3.list_objects_v2(Bucket="artifacts", Prefix="lineage/").get("Contents", [])
    return sorted(one["Key"] for one in found)


def counted(capsys):
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    return {name: line[name][0] for line in lines for name in line if name.startswith("Lineage")}


def end_of(account):
    [event] = [json.loads(line) for line in account.read(RUN.lineage_event("END")).decode().splitlines()]
    return event


def test_events_and_rows_lie_by_the_day_of_the_run(account, report, call):
    call("record")

    assert keys(account) == [
        f"lineage/{what}/day=2026-01-31/{RUN_ID}.{name}.json"
        for what in ("events", "rows")
        for name in ("END", "START")
    ]


@pytest.mark.parametrize("acts", list(product(("record", "fail", "crash"), repeat=2)), ids="-".join)
def test_a_run_has_one_end_that_agrees_with_the_ledger_however_often_its_steps_are_repeated(
    account,
    report,
    call,
    ledger,
    bus,
    acts,
):
    """Steps may be invoked again, in any order, and crash before their event is sent."""
    ends, runs = set(), set()
    for act in acts:
        bus.refuse = int(act == "crash")
        with suppress(CartlakeError, TimeoutError):
            call("fail", error="E", cause="c") if act == "fail" else call("record")
        ends.add(end_of(account)["eventType"])
        runs.add(end_of(account)["run"]["runId"])

    first = "FAIL" if acts[0] == "fail" else "COMPLETE"
    assert ends == {first}
    assert ledger.runs.get(RUN_ID).state is {"FAIL": RunState.FAILED, "COMPLETE": RunState.SUCCEEDED}[first]
    assert len(runs) == 1
    assert len([key for key in keys(account) if key.startswith("lineage/events/")]) == 2


def test_lineage_that_cannot_be_written_does_not_fail_the_run_and_is_counted(
    account,
    report,
    call,
    ledger,
    bus,
    monkeypatch,
    capsys,
):
    def refuse(*_):
        raise TransientError("SlowDown")

    monkeypatch.setattr(shared, "store", refuse)

    assert call("record")["state"] == "SUCCEEDED"

    assert bus.types == ["RunSucceeded"]
    assert counted(capsys) == {"LineageNotWritten": 1}


def test_a_dataset_without_contract_fails_no_run_either(account, report, call, monkeypatch, capsys):
    def refuse(*_):
        raise ValueError("transactions is no dataset")

    monkeypatch.setattr(handler, "ingest_run", refuse)

    assert call("fail", error="E", cause="c")["state"] == "FAILED"

    assert counted(capsys) == {"LineageNotWritten": 1}


class TestServer:
    @pytest.fixture
    def url(self, monkeypatch):
        monkeypatch.setenv("LINEAGE_URL", "http://marquez.internal:5000")
        shared._settings.cache_clear()
        yield "http://marquez.internal:5000"
        shared._settings.cache_clear()

    def test_both_events_are_sent_when_the_run_has_ended(self, account, report, call, url, monkeypatch, capsys):
        sent = []
        monkeypatch.setattr(shared, "send", lambda *post: sent.append(post))

        call("record")

        [(to, events)] = sent
        assert to == url
        assert [json.loads(event)["eventType"] for event in events] == ["START", "COMPLETE"]
        assert counted(capsys) == {}
        assert not [key for key in keys(account) if "unsent" in key]

    def test_a_server_that_does_not_answer_fails_no_run_and_the_run_is_marked_and_counted(
        self,
        account,
        report,
        call,
        url,
        monkeypatch,
        capsys,
    ):
        def refuse(*_):
            raise LineageServerError("http://marquez.internal:5000 took longer than 3 s.")

        monkeypatch.setattr(shared, "send", refuse)

        assert call("record")["state"] == "SUCCEEDED"

        assert account.read(RUN.lineage_unsent) == b"http://marquez.internal:5000 took longer than 3 s."
        assert counted(capsys) == {"LineageNotSent": 1}
        assert end_of(account)["eventType"] == "COMPLETE"


def test_a_claim_tells_that_the_run_has_begun(account, ledger, files, report):
    started = claimer.started(RUN_ID, [manifest_entry(file) for file in files], shared.catalog_of("a:aws:l:r:1:f"))
    assert started is not None
    store(RUN, started, "shop-dev")

    [event] = [json.loads(line) for line in account.read(RUN.lineage_event("START")).decode().splitlines()]
    assert event["eventType"] == "START"
    assert [one["name"] for one in event["inputs"]][:2] == [file.key for file in files]
    assert not [key for key in keys(account) if ".END." in key]


def test_a_run_that_has_ended_does_not_begin_again(account, ledger, files, report, call):
    call("record")

    assert claimer.started(RUN_ID, [], shared.catalog_of("a:aws:l:r:1:f")) is None
