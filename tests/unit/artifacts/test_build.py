import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from cartlake_cli import build as building
from cartlake_cli.build import BuildError, Platform, build, write_zip

LOCK = "six==1.17.0\n"


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A small checkout whose two locks need no download."""
    for path, text in {
        "lambdas/__init__.py": "",
        "lambdas/file_validator/handler.py": "HANDLER = 1\n",
        "lambdas/shared/events.py": "EVENT = 1\n",
        "glue_jobs/dataset_etl/main.py": "print('etl')\n",
        "cartlake/__init__.py": "",
        "cartlake/ledger.py": "LEDGER = 1\n",
        "cartlake_cli/main.py": "CLI = 1\n",
        "cartlake/__pycache__/ledger.pyc": "junk",
        "contracts/transactions.odcs.yaml": "kind: DataContract\n",
        "requirements/lambda.lock": LOCK,
        "requirements/arrow.lock": LOCK,
        "requirements/light.lock": LOCK,
        "requirements/sftp.lock": LOCK,
        "requirements/warehouses.lock": LOCK,
        "requirements/emr.lock": LOCK,
        "requirements/glue.lock": f"{LOCK.strip()} \\\n    --hash=sha256:00\nPyYAML==6.0.3 ; python_version > '3' \\\n",
    }.items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def install(lock, target, platform):
        target.mkdir(parents=True)
        (target / "common.py").write_text("COMMON = 1\n")
        if "arrow" in lock.name:
            (target / "pyarrow" / "tests").mkdir(parents=True)
            (target / "pyarrow" / "lib.so").write_text("binary")
            (target / "pyarrow" / "tests" / "test_all.py").write_text("junk")

    def download(lock, folder):
        folder.mkdir(parents=True)
        for wheel in ("six-1.17.0-py3-none-any.whl", "pyyaml-6.0.3-cp311-cp311-manylinux2014_x86_64.whl"):
            (folder / wheel).write_text("a wheel")

    queries = tmp_path / "queries.json"
    queries.write_text("{}")
    monkeypatch.setattr(building, "_install", install)
    monkeypatch.setattr(building, "_download_wheels", download)
    monkeypatch.setattr(building, "compiled_queries", lambda _: queries)
    monkeypatch.setattr(building, "compiled_sources", lambda _: queries)
    return tmp_path


def names(path, *, bytecode=False):
    return {name for name in zipfile.ZipFile(path).namelist() if name.endswith(".pyc") is bytecode}


def test_a_function_zip_holds_its_own_code_and_what_functions_share(checkout):
    build(checkout, Platform.HOST)

    assert names(checkout / "build/lambdas/file_validator.zip") == {
        "lambdas/__init__.py",
        "lambdas/file_validator/handler.py",
        "lambdas/shared/events.py",
    }


def test_zips_hold_the_bytecode_of_their_code_where_an_import_looks_for_it(checkout):
    build(checkout, Platform.HOST)

    assert names(checkout / "build/lambdas/file_validator.zip", bytecode=True) == {
        "lambdas/__pycache__/__init__.cpython-311.pyc",
        "lambdas/file_validator/__pycache__/handler.cpython-311.pyc",
        "lambdas/shared/__pycache__/events.cpython-311.pyc",
    }
    assert "python/cartlake/__pycache__/ledger.cpython-311.pyc" in names(
        checkout / "build/layers/cartlake.zip", bytecode=True
    )
    assert names(checkout / "build/glue/libs/cartlake.zip", bytecode=True) == {
        "cartlake/__init__.pyc",
        "cartlake/ledger.pyc",
        "glue_jobs/dataset_etl/main.pyc",
    }


@pytest.mark.parametrize("python", [None, sys.executable])
def test_functions_of_the_light_engine_have_bytecode_for_python_3_13_where_there_is_one(checkout, monkeypatch, python):
    monkeypatch.setattr(
        building.bytecode, "find_python", lambda version: sys.executable if version == "3.11" else python
    )
    (checkout / "lambdas/light_loader").mkdir()
    (checkout / "lambdas/light_loader/handler.py").write_text("from glue_jobs import dataset_etl\n")

    manifest = json.loads(build(checkout, Platform.AWS).read_text())

    of_handler = "lambdas/light_loader/__pycache__/handler.cpython-313.pyc"
    assert (of_handler in names(checkout / "build/lambdas/light_loader.zip", bytecode=True)) is bool(python)
    assert manifest["without_bytecode"] == ([] if python else ["light"])
    assert names(checkout / "build/lambdas/file_validator.zip", bytecode=True)


def test_what_is_installed_is_compiled_once(tmp_path, monkeypatch):
    def install(command, failed):
        target = Path(command[command.index("--target") + 1])
        target.mkdir(parents=True)
        (target / "six.py").write_text("SIX = 6\n")

    monkeypatch.setattr(building, "_run", install)

    building._install(tmp_path / "lambda.lock", tmp_path / "target", Platform.HOST)

    assert (tmp_path / "target/__pycache__/six.cpython-311.pyc").exists()


def test_what_ships_has_the_contracts_but_not_the_command_line(checkout):
    build(checkout, Platform.HOST)

    assert names(checkout / "build/glue/libs/cartlake.zip") == {
        "cartlake/__init__.py",
        "cartlake/ledger.py",
        "cartlake/_contracts/transactions.odcs.yaml",
        "glue_jobs/dataset_etl/main.py",
    }


def test_the_arrow_layer_repeats_nothing_of_the_first_and_leaves_out_what_no_lambda_needs(checkout):
    build(checkout, Platform.HOST)

    assert {"python/common.py", "python/cartlake/lineage/columns.json"} <= names(checkout / "build/layers/cartlake.zip")
    assert names(checkout / "build/layers/arrow.zip") == {"python/pyarrow/lib.so"}


def test_the_jobs_wheels_are_a_zip_that_says_which_versions_to_install(checkout):
    build(checkout, Platform.HOST)

    with zipfile.ZipFile(checkout / "build/glue/libs/wheels.gluewheels.zip") as wheels:
        assert set(wheels.namelist()) == {
            "wheels/requirements.txt",
            "wheels/six-1.17.0-py3-none-any.whl",
            "wheels/pyyaml-6.0.3-cp311-cp311-manylinux2014_x86_64.whl",
        }
        assert wheels.read("wheels/requirements.txt") == b"six==1.17.0\nPyYAML==6.0.3\n"


def test_what_jobs_unpack_on_emr_serverless_is_built_for_aws_only(checkout):
    build(checkout, Platform.HOST)
    assert not (checkout / "build/emr/packages.zip").exists()

    build(checkout, Platform.AWS)
    assert names(checkout / "build/emr/packages.zip") == {"common.py"}


def test_wheels_that_cannot_be_downloaded_are_named(tmp_path):
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "glue.lock").write_text("no-such-package-of-cartlake==1.0 --hash=sha256:00\n")

    with pytest.raises(BuildError, match=r"wheels of glue\.lock for Glue"):
        building._cached_wheels(tmp_path)


def test_the_same_input_gives_the_same_bytes_and_a_stale_artifact_goes(checkout):
    first = json.loads(build(checkout, Platform.HOST).read_text())
    (checkout / "build/lambdas/old.zip").write_text("stale")

    second = json.loads(build(checkout, Platform.HOST).read_text())

    assert first == second
    assert not (checkout / "build/lambdas/old.zip").exists()


def test_a_change_in_one_function_changes_that_zip_alone(checkout):
    before = json.loads(build(checkout, Platform.HOST).read_text())["files"]
    (checkout / "lambdas/file_validator/handler.py").write_text("HANDLER = 2\n")

    after = json.loads(build(checkout, Platform.HOST).read_text())["files"]

    assert {name for name in after if after[name] != before[name]} == {"lambdas/file_validator.zip"}


def test_layers_beyond_the_limit_of_lambda_are_refused(checkout, monkeypatch):
    monkeypatch.setattr(building, "LAYER_LIMIT_MB", 0)

    with pytest.raises(BuildError, match=r"more than AWS's 0 MB.*make lock"):
        build(checkout, Platform.HOST)


def test_a_lock_that_cannot_be_installed_is_named(tmp_path):
    lock = tmp_path / "lambda.lock"
    lock.write_text("no-such-package-anywhere\n")

    with pytest.raises(BuildError, match=r"Could not install lambda\.lock for aws"):
        building._install(lock, tmp_path / "target", Platform.AWS)


def test_zip_entries_have_no_time_of_their_own(tmp_path):
    source = tmp_path / "a.py"
    source.write_text("x")

    write_zip(tmp_path / "out.zip", [("a.py", source)])

    [entry] = zipfile.ZipFile(tmp_path / "out.zip").infolist()
    assert (entry.date_time, oct(entry.external_attr >> 16)) == ((1980, 1, 1, 0, 0, 0), "0o644")


def test_the_module_can_be_run(checkout):
    command = [sys.executable, "-m", "cartlake_cli.build", "--root", str(checkout), "--help"]

    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])

    assert "--platform" in done.stdout
