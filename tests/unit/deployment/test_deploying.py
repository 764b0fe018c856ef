"""A release that fails its test is taken back, and what it refused meanwhile is loaded again."""

from datetime import timedelta
from pathlib import Path

import pytest

from cartlake.ledger import FileRecord, FileState, RunRecord, RunState
from cartlake.runs.documents import RowCounts
from cartlake.times import stamp, utc_now
from cartlake_cli.commands.lake.deploy import described
from cartlake_cli.costs.records import started_since
from cartlake_cli.deployment import deploying, releases
from cartlake_cli.deployment.deploying import Replay, RollbackError, deploy
from cartlake_cli.deployment.releases import Release, StepError
from cartlake_cli.errors import NotReadyError

HOUR = timedelta(hours=1)


class Steps:
    """A release whose steps are remembered, and fail where they are told to."""

    def __init__(self, name, log, failing=()):
        self.root, self.log, self.failing = Path(name), log, failing

    def check(self):
        pass

    def deploy(self):
        self._step("deploy")

    def smoke(self, options):
        self._step("smoke")

    def lake(self, *arguments):
        self._step(" ".join(arguments))

    def _step(self, name):
        self.log.append(f"{self.root} {name}")
        if name in self.failing:
            raise StepError(f"{name} failed")


class Ledger:
    """A ledger of these files and runs."""

    def __init__(self, files=(), runs=()):
        self.files = self.runs = self
        self.all_files, self.all_runs = list(files), list(runs)

    def list(self, subject=None):
        return self.all_files if subject is None else [run for run in self.all_runs if run.subject == subject]


def file(name, state, run_id=None, received=None):
    return FileRecord(
        file_id=name,
        dataset="orders",
        bucket="raw",
        key=name,
        etag="e",
        size=1,
        state=state,
        received_at=stamp(received or utc_now() + HOUR),
        updated_at=stamp(utc_now()),
        run_id=run_id,
    )


def run(run_id, state, started=None, quarantined=0):
    counts = RowCounts(read=9, published=9 - quarantined, quarantined=quarantined, duplicate=0)
    return RunRecord(
        run_id=run_id,
        subject="orders",
        state=state,
        files=1,
        started_at=stamp(started or utc_now() + HOUR),
        counts=counts if state is RunState.SUCCEEDED else None,
    )


@pytest.fixture
def log():
    return []


def test_a_release_that_passes_stays(log):
    done = deploy(Steps("new", log), Steps("old", log), Ledger)

    assert log == ["new deploy", "new smoke"]
    assert done.fault is None


@pytest.mark.parametrize("step", ["deploy", "smoke"])
def test_the_release_before_is_brought_back_and_tested(log, step):
    done = deploy(Steps("new", log, {step}), Steps("old", log), Ledger)

    assert log[-2:] == ["old deploy", "old smoke"]
    assert done.fault == f"{step} failed"


def test_what_the_release_refused_is_loaded_again_by_the_one_before(log):
    before = utc_now() - HOUR
    ledger = Ledger(
        files=[
            file("a", FileState.FAILED, "failed"),
            file("b", FileState.REJECTED),
            file("c", FileState.REJECTED),
            file("old", FileState.REJECTED, received=before),
            file("d", FileState.REJECTED, "failed"),
        ],
        runs=[
            run("failed", RunState.FAILED),
            run("fine", RunState.SUCCEEDED),
            run("strict", RunState.SUCCEEDED, quarantined=3),
            run("earlier", RunState.FAILED, started=before),
        ],
    )

    done = deploy(Steps("new", log, {"smoke"}), Steps("old", log), lambda: ledger)

    assert log[4:] == [
        "old quarantine replay orders --run failed",
        "old quarantine replay orders --run strict",
        "old quarantine replay orders --file b --file c",
    ]
    assert done.loaded == ["fine", "strict"]
    text = described(done, "dev")
    assert "lake quarantine replay orders --run failed" in text
    assert "fine, strict" in text
    assert "lake backfill" in text


def test_without_a_release_to_go_back_to_the_fault_is_the_error(log):
    with pytest.raises(StepError, match="smoke failed"):
        deploy(Steps("new", log, {"smoke"}), None, Ledger)


def test_a_rollback_that_fails_names_both_faults_and_what_to_do(log):
    with pytest.raises(RollbackError, match=r"(?s)smoke failed.*deploy failed.*deploy old again"):
        deploy(Steps("new", log, {"smoke"}), Steps("old", log, {"deploy"}), Ledger)


def test_a_folder_that_is_no_checkout_is_refused_before_anything_is_deployed(log, tmp_path):
    with pytest.raises(NotReadyError, match="no checkout of Cartlake"):
        deploy(Steps("new", log), Release(tmp_path, "dev"), Ledger)
    assert log == []


class TestCommands:
    @pytest.fixture
    def ran(self, monkeypatch):
        """The commands that were run; those that contain a word of `failing` fail."""
        commands, failing = [], set()

        def run(command, *, cwd, env, **_):
            commands.append((command, cwd, env))
            failed = bool(failing & set(command))
            return type("Done", (), {"stdout": "line\n" * 99 + "the reason\n", "returncode": int(failed)})

        monkeypatch.setattr(releases.subprocess, "run", run)
        return type("Ran", (), {"commands": commands, "failing": failing})

    def test_on_aws_it_is_built_applied_and_its_tables_are_made(self, ran, tmp_path):
        Release(tmp_path, "dev").deploy()

        assert [command[-3:] for command, _, _ in ran.commands] == [
            ["build", "--platform", "aws"],
            ["init", "-input=false", "-backend-config=backend.hcl"],
            ["apply", "-input=false", "-auto-approve"],
            ["cartlake_cli", "tables", "apply"],
        ]
        assert {
            (cwd, env["PYTHONPATH"], env["CARTLAKE_CHECKOUT"], env["CARTLAKE_ENV"]) for _, cwd, env in ran.commands
        } == {(tmp_path, str(tmp_path), str(tmp_path), "dev")}

    def test_in_a_pipeline_the_bucket_of_the_state_comes_from_the_environment(self, ran, tmp_path, monkeypatch):
        monkeypatch.setenv("BACKEND_BUCKET", "states")

        Release(tmp_path, "dev").deploy()

        assert ran.commands[1][0] == [".github/scripts/init", "dev"]

    def test_on_a_laptop_the_lake_is_brought_up(self, ran, tmp_path):
        Release(tmp_path, "local").deploy()

        assert [command[1:] for command, _, _ in ran.commands] == [["-m", "cartlake_cli", "up"]]

    def test_a_release_runs_in_its_own_environment_of_python(self, ran, tmp_path):
        python = tmp_path / ".venv" / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.touch()

        Release(tmp_path, "dev").smoke(["--quick"])

        assert ran.commands[0][0] == [str(python), "-m", "cartlake_cli", "smoke", "--quick"]

    def test_a_step_that_fails_quotes_the_end_of_its_output(self, ran, tmp_path):
        ran.failing.add("smoke")

        with pytest.raises(StepError, match=r"(?s)`smoke` of .* failed with exit code 1:\n(line\n){29}the reason$"):
            Release(tmp_path, "dev").smoke([])


def test_times_are_compared_as_the_ledger_writes_them():
    now = utc_now()
    runs = started_since(Ledger(runs=[run("at", RunState.FAILED, started=now)]), ["orders"], now)

    assert deploying.refused_by(runs) == [Replay("orders", "at")]
