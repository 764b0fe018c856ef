"""`lake sync` and `lake sources` of SFTP servers: what they ask of the function, and what they print."""

import json
from datetime import UTC, datetime

import pytest

from cartlake.ledger.sftp import ListedFile, ListedState, ListingCounts
from cartlake_cli.commands.runs import sources
from cartlake_cli.errors import CommandError
from cartlake_cli.operations.raw_files import sftp
from cartlake_cli.outputs import SftpServer

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
ACME = SftpServer(place="sftp.acme.example:/out/*.csv", dataset="transactions", schedule="rate(5 minutes)")


def answered(outcome="done", settles_in=None, files=(), **counts):
    counts = {"listed": sum(counts.values()), "fetched": 0, "known": 0, "waiting": 0, "refused": 0} | counts
    return {"outcome": outcome, "server": "acme", "settles_in": settles_in, "files": list(files), **counts}


def file(name, outcome="fetched", why=None):
    return {"file": name, "bytes": 4, "outcome": outcome, "why": why, "key": None}


@pytest.fixture
def answers(lake, function_answers, monkeypatch):
    """What the function answers, one after the other; `asked` is what it was asked, `waited` for how long between."""
    lake.outputs.functions["sftp_reader"] = "test-sftp-reader"
    lake.outputs.sources, lake.outputs.sftp = {}, {"acme": ACME}
    waited = []
    monkeypatch.setattr(sftp.time, "sleep", waited.append)
    return *function_answers, waited


@pytest.fixture
def typed(answers, type_command):
    return type_command(sources.register)


def test_a_sync_waits_for_files_to_settle_and_goes_on_until_it_is_done(typed, answers):
    given, asked, waited = answers
    given.append(answered("unfinished", fetched=1, known=1, waiting=2, files=[file("a.csv"), file("b.csv", "waiting")]))
    given.append(answered(known=2, waiting=2, settles_in=60))
    given.append(answered(known=2, fetched=1, waiting=1, settles_in=60, files=[file("b.csv")]))

    shown = json.loads(typed("sync", "acme", "--json").stdout)

    assert (asked, waited) == ([{"server": "acme", "dry_run": False}] * 3, [61])
    assert {name: shown[name] for name in ("listed", "fetched", "known", "waiting", "refused")} == {
        "listed": 4,
        "fetched": 2,
        "known": 1,
        "waiting": 1,
        "refused": 0,
    }
    assert [one["file"] for one in shown["files"]] == ["a.csv", "b.csv"]


@pytest.mark.parametrize("option", ["--dry-run", "--no-wait"])
def test_a_dry_run_and_one_without_waiting_ask_once(typed, answers, option):
    answers[0].append(
        answered(waiting=1, settles_in=60, files=[file("half.csv", "waiting", "It may still be written.")])
    )

    shown = typed("sync", "acme", option)

    assert (shown.exit_code, answers[1]) == (0, [{"server": "acme", "dry_run": option == "--dry-run"}])
    assert "half.csv" in shown.stdout


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        pytest.param(answered(refused=1, known=2), "1 files of acme are refused; all others were read", id="refused"),
        pytest.param({"outcome": "busy", "message": "Another sync reads it"}, "Another sync", id="busy"),
        pytest.param({"errorMessage": "no login"}, "The read of acme failed: no login", id="failed"),
    ],
)
def test_what_hinders_a_read_is_said(typed, answers, answer, said):
    answers[0].append(answer)

    ended = typed("sync", "acme")

    assert isinstance(ended.exception, CommandError)
    assert said in str(ended.exception)


def test_a_server_is_not_read_from_a_time_on(typed):
    ended = typed("sync", "acme", "--since", "2026-01-01")

    assert (ended.exit_code, "a file is read once" in ended.output) == (2, True)


def test_servers_are_listed_beside_sources_and_of_one_its_files(lake, typed):
    def shown(*arguments):
        return json.loads(typed("sources", *arguments, "--json").stdout)

    assert "state" not in shown()[-1]
    state = lake.ledger.sftp.take("acme", "me", NOW)
    last = ListingCounts(listed=3, fetched=2, refused=1)
    lake.ledger.sftp.release(state.model_copy(update={"last": last, "ended_at": "2026"}), NOW)
    one = ListedFile(file_id="f", path="a.csv", size=4, modified=1, seen_at="2026", state=ListedState.REFUSED, why="no")
    lake.ledger.sftp.note("acme", [one])

    server = shown()[-1]
    assert (server["source"], server["reads"], server["schedule"]) == (
        "acme",
        "files of transactions from sftp.acme.example:/out/*.csv",
        "rate(5 minutes)",
    )
    assert (server["state"], server["read"], server["files"]) == ("REFUSED", 3, 2)
    assert server["error"] == "1 files are refused: lake sources acme"
    assert [(row["path"], row["state"], row["why"]) for row in shown("acme")] == [("a.csv", "REFUSED", "no")]
    ended = typed("sources", "fx_rates")
    assert "'fx_rates' is no SFTP server of this lake. It reads: acme" in str(ended.exception)
