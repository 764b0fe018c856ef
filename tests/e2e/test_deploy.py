"""A bad release is found by the smoke test and taken back by the pipeline's own script: no row is lost or doubled.

Each test deploys twice. `DEPLOYS` names the faults: one in CI, all of them with `make prove`.
"""

import os
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from cartlake.ledger import FileState
from cartlake_cli.functions import ALIAS
from cartlake_cli.operations.upload import upload
from tests.contract.pages import ROOT
from tests.e2e.conftest import eventually
from tests.e2e.test_sweep import rows_and_keys

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

NOT_OF_A_RELEASE = (".lake", ".venv", ".cache", "build", "__pycache__", ".terraform")


def break_claim(release: Path):
    """Every batch fails before a file is claimed, and the dataset pauses for five minutes."""
    break_function(release, "batch_claimer")


def break_function(release: Path, function: str = "data_quality_check"):
    """Every batch fails when its rows are judged."""
    handler = release / "lambdas" / function / "handler.py"
    text = handler.read_text()
    changed = text.replace("-> Answer:\n", '-> Answer:\n    raise ValueError("a bad release")\n', 1)
    assert changed != text
    handler.write_text(changed)


def break_transform(release: Path):
    """Rows are lost between reading and storing: the counts do not add up."""
    module = release / "glue_jobs" / "transforms" / "file_rows" / "versions.py"
    text = module.read_text()
    changed = text.replace("def newest(", "def _newest(", 1)
    assert changed != text
    module.write_text(
        f"{changed}\n\ndef newest(*rows, **constants):\n    return _newest(*rows, **constants).limit(0)\n"
    )


def break_contract(release: Path):
    """Every row is refused."""
    contract = release / "contracts" / "clickstream.odcs.yaml"
    text = contract.read_text()
    changed = text.replace('pattern: "^EVT-', 'pattern: "^no-', 1)
    assert changed != text
    contract.write_text(changed)


FAULTS = {"claim": break_claim, "function": break_function, "transform": break_transform, "contract": break_contract}
PATIENCE = {"claim": "600", "function": "60", "transform": "60", "contract": "60"}
"""Seconds without a change after which a smoke test gives up."""

CHOSEN = os.environ.get("DEPLOYS", "function").split()


@pytest.fixture
def bad_release(checkout, tmp_path, request):
    """A clone whose last commit has a fault, and whose tag `deployed/local` is the release in use.

    Both deploy to the same embedded AWS.
    """
    release = tmp_path / "bad"
    shutil.copytree(checkout, release, ignore=shutil.ignore_patterns(*NOT_OF_A_RELEASE), symlinks=True)
    shutil.copytree(ROOT / ".github" / "scripts", release / ".github" / "scripts")

    def git(*arguments):
        author = ("-c", "user.name=test", "-c", "user.email=test@example.org")
        subprocess.run(["git", *author, *arguments], cwd=release, check=True, capture_output=True)

    git("init", "--quiet")
    git("add", "--all")
    git("commit", "--quiet", "--message", "The release in use")
    git("tag", "deployed/local")
    FAULTS[request.param](release)
    git("commit", "--quiet", "--all", "--message", "A bad release")
    for shared in (".lake", ".cache"):
        (release / shared).symlink_to(checkout / shared)
    (release / ".venv").symlink_to(ROOT / ".venv")
    return release


def alias_versions(lake):
    functions = lake.client("lambda")
    return {
        name: functions.get_alias(FunctionName=name, Name=ALIAS)["FunctionVersion"]
        for name in lake.outputs.functions.values()
    }


@pytest.mark.parametrize(("fault", "bad_release"), [(one, one) for one in CHOSEN], indirect=["bad_release"], ids=CHOSEN)
def test_a_bad_release_is_taken_back_and_no_row_is_lost(
    lake, checkout, fault, bad_release, orders, rows_of, follow_runbook
):
    before, sent, (path, _) = alias_versions(lake), [], orders(60)
    in_use = threading.Thread(
        target=lambda: (
            eventually(lambda: alias_versions(lake) != before, 400),
            sent.extend(upload(lake, "transactions", [path])),
        )
    )
    in_use.start()

    done = subprocess.run(
        [".github/scripts/deploy", "local", "--quick", "--timeout", PATIENCE[fault]],
        cwd=bad_release,
        env={**os.environ, "CARTLAKE_CHECKOUT": str(bad_release)},
        capture_output=True,
        text=True,
        check=False,
    )

    in_use.join()
    assert done.returncode == 1, done.stderr
    assert "The release was taken back from local" in done.stderr + done.stdout, done.stderr
    [file] = sent
    eventually(lambda: lake.ledger.files.get(file["file_id"]).state is FileState.LOADED, 240)
    assert rows_and_keys(rows_of, path) == (60, 60)
    assert follow_runbook("bad-deploy", "Find out")
    follow_runbook("bad-deploy", "Mend", DATASET="vendors")
    assert rows_and_keys(rows_of, path) == (60, 60)
