"""The scripts of the GitHub workflows, run against a deployed lake with a `gh` that only notes what it is told."""

import json
import os
import subprocess

import pytest

from tests.contract.pages import ROOT

pytestmark = pytest.mark.e2e


@pytest.fixture
def gh(tmp_path):
    """Environment variables with a `gh` on PATH, and what it was told."""
    folder, told = tmp_path / "bin", tmp_path / "told"
    folder.mkdir()
    (folder / "gh").write_text(f'#!/bin/sh\necho "$@" >>{told}\n')
    (folder / "gh").chmod(0o755)
    return {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}, told


def test_the_check_of_the_data_opens_an_issue_with_its_page_if_something_is_unusual(lake, demo, run_lake, gh, tmp_path):
    environment, told = gh
    page = tmp_path / "page.md"

    subprocess.run([ROOT / ".github" / "scripts" / "monitor", "local", page], env=environment, check=True)

    text = page.read_text()
    assert "| transactions |" in text
    asked, *done = told.read_text().splitlines()
    assert asked.startswith("issue list --state open")
    unusual = json.loads(run_lake("monitor", "--no-fail", "--json").stdout)["findings"]
    assert done == ([f"issue create --title The data of local --body-file {page}"] if unusual else [])
