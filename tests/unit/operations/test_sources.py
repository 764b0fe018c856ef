"""`lake sources` and `lake sync`: what they print of the ledger, and what they ask of the function."""

import json
from datetime import UTC, datetime

import pytest

from cartlake.ledger.sources import OpenSync
from cartlake_cli.commands.runs import sources
from cartlake_cli.errors import CommandError

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
DONE = {"outcome": "done", "written": 3, "files": 1}


@pytest.fixture
def answers(lake, function_answers):
    """What the function answers, one after the other; `asked` is what it was asked."""
    lake.outputs.functions["source_sync"] = "test-source-sync"
    lake.outputs.sources = {"fx_rates": "rate(1 day)", "hubspot_contacts": None}
    lake.outputs.sftp = {}
    return function_answers


@pytest.fixture
def typed(answers, type_command):
    return type_command(sources.register)


def test_all_sources_are_listed_with_how_far_they_were_read(lake, typed):
    state = lake.ledger.sources.take("fx_rates", "me", NOW)
    last = OpenSync(sync_id="s", since=None, until="2026-03-01", read=12, written=8, files=1)
    lake.ledger.sources.release(state.model_copy(update={"last": last, "watermark": "2026-02-27"}), NOW)
    state = lake.ledger.sources.take("hubspot_contacts", "me", NOW)
    lake.ledger.sources.release(state.model_copy(update={"open": last, "error": "CredentialsError: no"}), NOW)

    found = {one["source"]: one for one in json.loads(typed("sources", "--json").stdout)}

    rates, companies, contacts = (found[name] for name in ("fx_rates", "hubspot_companies", "hubspot_contacts"))
    assert (rates["state"], rates["read_until"], rates["schedule"]) == ("DONE", "2026-02-27", "rate(1 day)")
    assert (rates["read"], rates["written"], rates["files"]) == (12, 8, 1)
    assert (contacts["state"], contacts["error"], contacts["enabled"]) == ("FAILED", "CredentialsError: no", True)
    assert (companies["enabled"], "state" in companies) == (False, False)
    assert "hubspot_companies" in typed("sources").stdout


def test_a_sync_goes_on_until_it_is_done(typed, answers):
    given, asked = answers
    given.extend([{**DONE, "outcome": "unfinished"}, DONE])

    shown = typed("sync", "fx_rates", "--since", "2026-02-01", "--json")

    assert json.loads(shown.stdout) == DONE
    assert asked == [
        {"source": "fx_rates", "dry_run": False, "since": "2026-02-01T00:00:00.000000Z"},
        {"source": "fx_rates"},  # to forget again would begin anew for ever
    ]


def test_a_dry_run_asks_once(typed, answers):
    given, asked = answers
    given.append({**DONE, "outcome": "unfinished"})

    assert "Read, nothing was written" in typed("sync", "fx_rates", "--dry-run").stdout
    assert asked == [{"source": "fx_rates", "dry_run": True}]


@pytest.mark.parametrize(
    ("source", "answer", "said"),
    [
        pytest.param("salesforce", None, "'salesforce' is no source of this lake", id="unknown"),
        pytest.param("hubspot_companies", None, "Enabled: fx_rates, hubspot_contacts", id="not enabled"),
        pytest.param("fx_rates", {"outcome": "busy", "message": "Another sync reads it"}, "Another sync", id="busy"),
        pytest.param("fx_rates", {"errorMessage": "no token"}, "sync of fx_rates failed: no token", id="failed"),
    ],
)
def test_what_hinders_a_sync_is_said(typed, answers, source, answer, said):
    answers[0].append(answer)

    ended = typed("sync", source)

    assert isinstance(ended.exception, CommandError)
    assert said in str(ended.exception)


def test_a_time_to_come_is_refused(typed):
    ended = typed("sync", "fx_rates", "--since", "2999-01-01")

    assert (ended.exit_code, "is in the future" in ended.output) == (2, True)
