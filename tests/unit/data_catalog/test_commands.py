"""`lake contracts docs` writes, compares and fails as it says."""

import json

import pytest
from typer.testing import CliRunner

from cartlake_cli import main
from cartlake_cli.errors import CommandError, Exit
from data_catalog import commands

FILES = {"docs/data-dictionary.md": "words\n", "docs/catalog/index.html": "<p>ü\n"}


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("CARTLAKE_CHECKOUT", str(tmp_path))
    monkeypatch.setattr(commands, "read_catalog", lambda root: root)
    monkeypatch.setattr(commands, "committed_files", lambda _: FILES)
    application = main.app
    return lambda *arguments: CliRunner().invoke(application, ["contracts", "docs", *arguments])


def states(result):
    return {row["file"]: row["state"] for row in json.loads(result.stdout)}


def test_files_are_written_and_then_current(run, tmp_path):
    first, again = run("--json"), run("--json")

    assert set(states(first).values()) == {"written"}
    assert set(states(again).values()) == {"current"}
    assert {name: (tmp_path / name).read_text(encoding="utf-8") for name in FILES} == FILES


def test_a_check_fails_for_an_old_file_names_it_and_leaves_it(run, tmp_path):
    run()
    page = tmp_path / "docs/catalog/index.html"
    page.write_text("something else")

    checked = run("--check")

    assert checked.exit_code == Exit.FAILED
    assert "docs/catalog/index.html. Run lake contracts docs" in " ".join(checked.stderr.split())
    assert "data-dictionary" not in checked.stderr
    assert page.read_text() == "something else"


def test_a_check_of_current_files_passes(run):
    run()

    assert run("--check").exit_code == Exit.OK


def test_the_live_page_goes_where_nothing_is_committed(run, tmp_path, monkeypatch):
    monkeypatch.setattr(commands, "_live_page", lambda _lake, _catalog: "live")

    assert states(run("--live", "--json")) == {".lake/catalog/index.html": "written"}
    assert (tmp_path / ".lake/catalog/index.html").read_text() == "live"
    assert not (tmp_path / "docs").exists()


def test_a_check_of_the_live_page_makes_no_sense(run):
    result = run("--check", "--live")

    assert isinstance(result.exception, CommandError)
