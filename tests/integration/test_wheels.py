"""The built wheels in an empty environment: `lake` runs with what AWS needs, an extra brings the laptop."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cartlake_cli.errors import Exit

ROOT = Path(__file__).parents[2]
UV = Path(sys.executable).with_name("uv")


def run(*command, cwd, **environment):
    found = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CARTLAKE_", "PYTHON"))}
    return subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, check=False, cwd=cwd, env=found | environment
    )


def uv(*words, cwd):
    done = run(UV, *words, cwd=cwd)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """An environment with the wheel of cartlake alone; the versions are those the project is tested with."""
    folder = tmp_path_factory.mktemp("wheels")
    for project in (ROOT, ROOT / "localaws"):
        build = ("build", "--quiet", "--wheel", "--no-build-isolation", "--python", sys.executable)
        uv(*build, "--out-dir", folder / "dist", project, cwd=ROOT)
    uv("venv", "--quiet", "--python", sys.executable, folder / "venv", cwd=folder)
    return folder


def install(folder, package):
    uv(
        *("pip", "install", "--quiet", "--python", folder / "venv/bin/python", "--find-links", folder / "dist"),
        *("--constraint", ROOT / "requirements/dev.lock", package),
        cwd=folder,
    )


@pytest.fixture(scope="module")
def lake(installed):
    """Run `lake` somewhere without a checkout."""
    [wheel] = (installed / "dist").glob("cartlake-*.whl")
    install(installed, wheel)
    return lambda *words, **environment: run(installed / "venv/bin/lake", *words, cwd=installed, **environment)


def test_the_command_line_runs_in_an_empty_environment(lake):
    helped, checked = lake("--help"), lake("contracts", "check")

    assert (helped.returncode, checked.returncode) == (0, 0), helped.stderr + checked.stderr
    assert "Usage: lake" in helped.stdout


def test_an_environment_of_aws_asks_for_its_terraform_outputs(lake):
    done = lake("--env", "dev", "runs")

    assert done.returncode == Exit.NOT_READY
    assert "CARTLAKE_CHECKOUT" in done.stderr


@pytest.mark.parametrize("words", [["generate", "transactions"], ["up"]], ids=" ".join)
def test_what_needs_the_laptop_says_which_extra_brings_it(lake, words):
    done = lake(*words)

    assert done.returncode == Exit.NOT_READY
    assert "cartlake[laptop]" in " ".join(done.stderr.split())


def test_the_extra_brings_the_laptop(lake, installed):
    [wheel] = (installed / "dist").glob("cartlake-*.whl")
    install(installed, f"cartlake[laptop] @ {wheel.as_uri()}")

    made = lake("generate", "transactions", "--rows", "100", "--days", "2", "--out", installed / "files")
    up = lake("up")

    assert made.returncode == 0, made.stderr
    assert list((installed / "files").rglob("*.csv"))
    assert up.returncode == Exit.NOT_READY, up.stderr
    assert "CARTLAKE_CHECKOUT" in up.stderr
