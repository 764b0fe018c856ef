"""`lake contracts docs` writes, checks and fails as it says."""

import json

import pytest
from typer.testing import CliRunner

from cartlake.refresh.graph import Graph
from cartlake_cli import main
from cartlake_cli.errors import CommandError, Exit
from data_catalog import build
from data_catalog.model import Catalog

FILES = {"build/docs/data-dictionary.md": "words\n", "build/docs/index.html": "<p>ü\n"}


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("CARTLAKE_CHECKOUT", str(tmp_path))
    monkeypatch.setattr(build, "read_catalog", lambda root: Catalog((), (), Graph({}, ())))
    monkeypatch.setattr(build, "documents", lambda _: FILES)
    application = main.app
    return lambda *arguments: CliRunner().invoke(application, ["contracts", "docs", *arguments])


@pytest.fixture
def broken(monkeypatch):
    page = {"build/docs/index.html": '<a href="#/table/gone">'}
    monkeypatch.setattr(build, "documents", lambda _: FILES | page)


def states(result):
    return {row["file"]: row["state"] for row in json.loads(result.stdout)}


def test_files_are_written_and_then_current(run, tmp_path):
    first, again = run("--json"), run("--json")

    assert set(states(first).values()) == {"written"}
    assert set(states(again).values()) == {"current"}
    assert {name: (tmp_path / name).read_text(encoding="utf-8") for name in FILES} == FILES


def test_a_check_fails_for_a_broken_link_names_it_and_writes_nothing(run, broken, tmp_path):
    checked = run("--check")

    assert checked.exit_code == Exit.FAILED
    assert "build/docs/index.html: the link #/table/gone leads nowhere" in " ".join(checked.stderr.split())
    assert "data-dictionary" not in checked.stderr
    assert [*tmp_path.iterdir()] == []


def test_what_is_broken_is_written_to_be_looked_at_and_fails(run, broken, tmp_path):
    assert run().exit_code == Exit.FAILED
    assert (tmp_path / "build/docs/index.html").read_text() == '<a href="#/table/gone">'


def test_a_check_of_sound_files_passes_and_writes_nothing(run, tmp_path):
    checked = run("--check", "--json")

    assert checked.exit_code == Exit.OK
    assert set(states(checked).values()) == {"checked"}
    assert [*tmp_path.iterdir()] == []


def test_the_live_page_goes_where_nothing_is_committed(run, tmp_path, monkeypatch):
    monkeypatch.setattr("cartlake_cli.commands.contracts.docs._live_page", lambda _lake, _catalog: "live")

    assert states(run("--live", "--json")) == {".lake/catalog/index.html": "written"}
    assert (tmp_path / ".lake/catalog/index.html").read_text() == "live"
    assert not (tmp_path / "build").exists()


def test_a_check_of_the_live_page_makes_no_sense(run):
    result = run("--check", "--live")

    assert isinstance(result.exception, CommandError)
