"""Which lines of processes that tests start count for the coverage."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from coverage import CoverageData

from tests.line_coverage import ROOT, children


@pytest.fixture
def counted(tmp_path):
    """Runs a new Python in a folder, as tests do; the files that it counts."""

    def run(statement, folder, path):
        data = tmp_path / "data"
        data.mkdir()
        environment = os.environ | children() | {"COVERAGE_FILE": str(data / ".coverage"), "PYTHONPATH": str(path)}
        subprocess.run([sys.executable, "-c", statement], cwd=folder, env=environment, check=True)
        found = [CoverageData(str(file)) for file in data.iterdir()]
        for each in found:
            each.read()
        return {file: each.lines(file) for each in found for file in each.measured_files()}

    return run


def test_a_process_in_any_folder_counts_the_checkout(counted, tmp_path):
    found = counted("import cartlake.contracts", tmp_path, ROOT)
    assert found[str(ROOT / "cartlake" / "contracts" / "__init__.py")] is not None
    assert {Path(file).is_relative_to(ROOT) for file in found} == {True}


@pytest.mark.parametrize("package", ["cartlake", "localaws"])
def test_a_copy_of_a_package_is_never_counted(counted, tmp_path, package):
    copy = tmp_path / "layer" / package
    copy.mkdir(parents=True)
    (copy / "__init__.py").write_text("executed = 1\n")
    (copy / "unexecuted.py").write_text("executed = 0\n")
    found = counted(f"import {package}; assert {package}.executed", tmp_path / "layer", tmp_path / "layer")
    assert {file for file in found if str(tmp_path) in file} == set()
