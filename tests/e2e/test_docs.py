"""The commands of the documentation, typed as they stand there. Tests that cause faults follow the runbooks."""

from collections import Counter

import pytest

from tests.contract.pages import all_pages
from tests.e2e.shell import typed

pytestmark = pytest.mark.e2e

RUNBOOKS = "docs/runbooks/"
PAGES = [page for page in all_pages() if not page.path.name[:4].isdigit()]
TYPED = {
    page.name: blocks
    for page in PAGES
    if not page.name.startswith(RUNBOOKS) or page.path.name == "README.md"
    if (blocks := [block for block in page.commands if block.note is None])
}


@pytest.mark.parametrize("page", TYPED)
def test_the_commands_of_a_page_work(lake, demo, tmp_path, page):
    typed(tmp_path, TYPED[page], **at_hand(lake))  # which asserts that no command failed


def at_hand(lake):
    """What pages of alarms name by variables: the run, file and so on that an alarm is about."""
    [run, *_] = lake.ledger.runs.list("vendors", limit=1)
    [file, *_] = lake.ledger.runs.files(run.run_id)
    return {
        "DATASET": "vendors",
        "FILE": file.file_id,
        "FUNCTION": "run_recorder",
        "JOB_RUN": "jr_0",
        "RUN": run.run_id,
        "TABLE": "vendors",
    }


def test_it_is_known_how_many_are_not_run(capsys):
    """Commands are counted by line; those of runbooks are run by the tests that follow them."""
    lines = Counter()
    for block in (block for page in PAGES for block in page.commands):
        kind = "here" if block.note is None else "elsewhere" if block.note.startswith("run by") else block.note
        lines[kind] += len([line for line in block.code.splitlines() if line.strip()])
    with capsys.disabled():
        print(f"\ncommands of the documentation: {dict(lines)}")  # noqa: T201 -- for the record
    assert lines["here"] > lines["need an account"]
