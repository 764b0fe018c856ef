"""`lake sweep`: what is asked of the sweeper, and what is said of its answer."""

import io
import json

import pytest

from cartlake_cli.commands.runs.sweep import show
from cartlake_cli.context import Lake
from cartlake_cli.errors import CommandError
from cartlake_cli.operations.raw_files.sweep import sweep

REST = {"key": "incoming/transactions/a.csv", "version_id": "1"}


def answer(unrecorded=0, rest=None, *, dry_run=False, closed=()):
    files = {"versions": 3, "unrecorded": unrecorded, "unjudged": 0, "announced": unrecorded, "keys": [], "rest": rest}
    runs = {"closed": list(closed), "released": [], "waiting": [], "files": 0}
    return {"dry_run": dry_run, "files": files, "runs": runs, "found": unrecorded + len(closed)}


@pytest.fixture
def sweeper(lake, monkeypatch):
    """A sweeper with these answers; keeps what it was asked."""
    asked = []

    def with_answers(*answers, **error):
        left = list(answers)

        class Function:
            def invoke(self, *, FunctionName, Qualifier, Payload):  # noqa: N803 -- AWS
                assert (FunctionName, Qualifier) == ("test-lake-sweeper", "live")
                asked.append(json.loads(Payload))
                return {"Payload": io.BytesIO(json.dumps(left.pop(0)).encode()), **error}

        monkeypatch.setitem(Lake.outputs.functions, "lake_sweeper", "test-lake-sweeper")
        monkeypatch.setattr(Lake, "patient_client", lambda _, __: Function())
        return asked

    return with_answers


def test_a_sweep_is_asked_for_once_and_goes_on_by_itself(lake, sweeper):
    asked = sweeper(answer(2, REST))

    assert sweep(lake, grace_seconds=0)["found"] == 2
    assert asked == [{"dry_run": False, "grace_seconds": 0}]


def test_a_dry_run_of_a_large_bucket_adds_up_its_parts(lake, sweeper):
    asked = sweeper(answer(2, REST, dry_run=True, closed=["r"]), answer(1, dry_run=True))

    found = sweep(lake, dry_run=True)

    assert (found["found"], found["files"]["unrecorded"], found["files"]["versions"]) == (4, 3, 6)
    assert found["runs"]["closed"] == ["r"]
    assert asked == [{"dry_run": True}, {"dry_run": True, "after": REST}]


def test_a_sweep_that_fails_says_why(lake, sweeper):
    sweeper({"errorMessage": "no queue"}, FunctionError="Unhandled")

    with pytest.raises(CommandError, match="no queue"):
        sweep(lake)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        pytest.param(answer(dry_run=True), "Nothing was forgotten", id="nothing"),
        pytest.param(answer(2, dry_run=True), "`lake sweep` has it loaded", id="dry run"),
        pytest.param(answer(2), "2 files were announced", id="announced"),
        pytest.param(answer(2, REST), "goes on by itself", id="a part"),
    ],
)
def test_what_was_found_is_said_with_the_next_step(lake, capsys, found, said):
    show(lake, found)

    assert said in " ".join(capsys.readouterr().err.split())
