"""The Makefile where a machine is not as most are."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def home_of_tools(home):
    """The home folder that tools started by make see."""
    show = ["make", "--silent", "--eval", 'show-home: ; @echo "$$HOME"', "show-home"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(
        show, cwd=ROOT, env=environment | {"HOME": str(home)}, capture_output=True, text=True, check=True
    )
    return Path(done.stdout.strip())


@pytest.mark.parametrize("home", ["/dev/null", "/no/such/folder"])
def test_a_home_that_cannot_be_written_is_replaced_by_a_folder_of_the_checkout(home):
    assert home_of_tools(home) == ROOT / ".cache" / "home"
    assert (ROOT / ".cache" / "home").is_dir()


def test_a_home_that_can_be_written_stays(tmp_path):
    assert home_of_tools(tmp_path) == tmp_path
