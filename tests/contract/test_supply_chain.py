"""What is shipped is locked, listed as CycloneDX says, and holds no secret."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHIPPED = ("lambda", "arrow", "light", "sftp", "warehouses", "glue", "emr")
PACKAGE = re.compile(r"^([A-Za-z0-9_.-]+)(?:\[[\w,-]+\])?==([^\s;\\]+)", re.MULTILINE)
VALID = """
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(sys.stdin.read())
sys.exit(f"{fault.data}" if fault else 0)
"""
AN_AWS_KEY = "AKIA" + "Q3EGRIT5CPMZAQ7B"
"""Of nobody. In two parts, so that it is not found in this file."""


def make(*arguments: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    command = ["make", "--silent", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(scope="module")
def tools() -> Path:
    """The folder of the tools, installed from their lock."""
    folder = make("--eval", "show-tools: ; @echo $(SUPPLY_CHAIN)/bin", "show-tools").splitlines()[-1]
    make(f"{folder}/detect-secrets")
    return ROOT / folder


@pytest.mark.parametrize("lock", SHIPPED)
def test_every_package_that_is_shipped_is_locked_by_its_hash(lock: str) -> None:
    text = (ROOT / "requirements" / f"{lock}.lock").read_text()
    packages = re.split(r"\n(?=\S)", text.strip())

    assert len(packages) == len(PACKAGE.findall(text)) > 1
    assert [package for package in packages if "--hash=sha256:" not in package] == []


def test_the_bill_of_materials_is_valid_complete_and_the_same_each_time(tools: Path) -> None:
    make("sbom")
    written = {lock: (ROOT / "build" / "sbom" / f"{lock}.cdx.json").read_text() for lock in SHIPPED}

    for lock, text in written.items():
        assert is_valid(tools, text), lock
        listed = {(one["name"].lower(), one["version"]) for one in json.loads(text)["components"]}
        locked = PACKAGE.findall((ROOT / "requirements" / f"{lock}.lock").read_text())
        assert listed == {(name.lower(), version) for name, version in locked}, lock
    make("sbom", "SHIPPED=arrow")
    assert (ROOT / "build" / "sbom" / "arrow.cdx.json").read_text() == written["arrow"]
    assert not is_valid(tools, written["arrow"].replace('"bomFormat"', '"bomShape"'))


def is_valid(tools: Path, text: str) -> bool:
    done = subprocess.run([tools / "python", "-c", VALID], input=text, capture_output=True, text=True, check=False)
    return done.returncode == 0


def test_a_planted_secret_is_found(tools: Path, tmp_path: Path) -> None:
    clean, planted = tmp_path / "clean.py", tmp_path / "planted.py"
    clean.write_text('REGION = "eu-west-1"\n')
    planted.write_text(f'KEY = "{AN_AWS_KEY}"\n')
    hook = [tools / "detect-secrets-hook", "--baseline", ROOT / ".secrets.baseline"]

    assert subprocess.run([*hook, clean], cwd=ROOT, capture_output=True, check=False).returncode == 0
    found = subprocess.run([*hook, planted], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (found.returncode, "AWS Access Key" in found.stdout) == (1, True)
