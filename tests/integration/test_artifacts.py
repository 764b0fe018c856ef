"""What is built works on its own: every function imports with nothing but its zip and its layers."""

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from cartlake_cli import build as building
from cartlake_cli.build import LAYER_LIMIT_MB, Platform, build, function_names

pytestmark = pytest.mark.integration

LAYERS = {
    **{name: ["cartlake", "arrow"] for name in ("file_validator", "maintenance_planner", "table_publisher")},
    "sftp_reader": ["cartlake", "sftp"],
    **{name: ["light"] for name in ("light_loader", "light_refresher", "tile_writer")},
}
ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "eu-west-1",
    "POWERTOOLS_TRACE_DISABLED": "true",
    "INCOMING_QUEUE_URL": "https://queue.example",
    "LEDGER_TABLE": "ledger",
    "EVENT_BUS": "bus",
    "QUARANTINE_BUCKET": "quarantine",
    "RAW_BUCKET": "raw",
    "GRACE_SECONDS": "1200",
    "SOURCES": "{}",
    "SFTP": "{}",
    "STREAMS": "{}",
    "ALERTS_TOPIC_ARN": "arn:aws:sns:eu-west-1:123456789012:alerts",
    "ARTIFACTS_BUCKET": "artifacts",
    "CALLERS_TABLE": "callers",
    "DASHBOARD_BUCKET": "dashboard",
    "ENVIRONMENT": "test",
    "IDEMPOTENCY_TABLE": "idempotency",
    "INGEST_STATE_MACHINE_ARN": "arn:aws:states:eu-west-1:123456789012:stateMachine:ingest",
    "REFRESH_STATE_MACHINE_ARN": "arn:aws:states:eu-west-1:123456789012:stateMachine:refresh",
    "MAINTENANCE_STATE_MACHINE_ARN": "arn:aws:states:eu-west-1:123456789012:stateMachine:maintenance",
    "FORECAST_STATE_MACHINE_ARN": "arn:aws:states:eu-west-1:123456789012:stateMachine:forecast",
    "GLUE_JOBS": "dataset-etl,table-refresh",
    "RUN_COORDINATOR_FUNCTION": "run-coordinator",
    "RUN_RECORDER_FUNCTION": "run-recorder",
    "TABLE_PUBLISHER_FUNCTION": "table-publisher",
    "RESULTS_BUCKET": "results",
    "API_ROLES": '{"analyst": {"arn": "arn:aws:iam::123456789012:role/analyst", "workgroup": "analysts"}}',
    "TRANSFORM_JOB": "dataset-etl",
    "LIGHT_MAX_MB": "256",
    "LIGHT_MAX_ROWS": "5000000",
    "LIGHT_TABLE_MAX_MB": "1024",
    "FORECAST_JOB": "demand-forecast",
    "REFRESH_JOB": "table-refresh",
    "MAINTENANCE_JOB": "table-maintenance",
}


@pytest.fixture(scope="module")
def artifacts(checkout, tmp_path_factory):
    """Everything that is built, unpacked as Lambda does it."""
    manifest = build(checkout, Platform.HOST)
    folder = tmp_path_factory.mktemp("unpacked")
    for name in json.loads(manifest.read_text())["files"]:
        if name.endswith(".zip"):
            zipfile.ZipFile(manifest.parent / name).extractall(folder / name.removesuffix(".zip"))
    return folder


def run(code, *paths):
    """Run Python that knows the standard library and `paths`, and nothing else."""
    start = f"import sys; sys.path[:0] = {[str(path) for path in paths]!r}; {code}"
    environment = {**ENVIRONMENT, "PATH": os.environ["PATH"]}
    command = [sys.executable, "-I", "-S", "-c", start]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


WATCHED = "compiled = []; sys.addaudithook(lambda event, args: event == 'compile' and compiled.append(args[1])); "
NONE = "compiled = [file for file in compiled if str(file).endswith('.py')]; assert not compiled, compiled"
"""Lambda cannot write what it compiles, so files that come without bytecode are compiled in each cold start."""


@pytest.mark.parametrize("function", function_names(Path(__file__).parents[2]))
def test_a_function_imports_with_its_zip_and_layers_alone(artifacts, function):
    layers = LAYERS.get(function, ["cartlake"])
    paths = [artifacts / "lambdas" / function, *(artifacts / "layers" / layer / "python" for layer in layers)]

    done = run(f"{WATCHED}import lambdas.{function}.handler as h; assert callable(h.lambda_handler); {NONE}", *paths)

    assert done.returncode == 0, done.stderr


def test_what_was_left_out_of_the_arrow_layer_is_not_needed(artifacts):
    layers = [artifacts / "layers" / layer / "python" for layer in ("cartlake", "arrow")]

    done = run("import pyarrow.parquet, pyarrow.fs, pyiceberg.catalog.glue, pyiceberg.io.pyarrow", *layers)

    assert done.returncode == 0, done.stderr


def test_the_light_layer_has_all_that_the_light_engine_needs_and_no_arrow(artifacts, tmp_path):
    code = f"""
import os
os.environ |= {{"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}}
os.environ |= {{"HOME": "/nowhere", "TMPDIR": {str(tmp_path)!r}}}
from glue_jobs.engines.duckdb.session import httpfs_file, open_session
from cartlake.tables.catalog import load_catalog
from cartlake.tables.file_io import FILE_IO
from cartlake.engine import F, using
import importlib.util
assert httpfs_file().startswith({str(artifacts / "layers" / "light")!r}), httpfs_file()
with open_session(512) as session:
    loaded = session.rows("select extension_name from duckdb_extensions() where loaded")
    assert ("httpfs",) in loaded, loaded
    assert session.rows("select current_setting('autoinstall_known_extensions')") == [(False,)]
load_catalog(file_io=FILE_IO)
with using("duckdb"):
    F.lit(1)
assert importlib.util.find_spec("pyarrow") is None
assert importlib.util.find_spec("pyspark") is None
"""
    paths = [artifacts / "lambdas" / "light_loader", artifacts / "layers" / "light" / "python"]

    done = run(f"exec({code!r})", *paths)

    assert done.returncode == 0, done.stderr


AMAZON_LINUX_2023 = {"GLIBC": (2, 34), "GLIBCXX": (3, 4, 29), "CXXABI": (1, 3, 13)}
"""The newest versions of symbols that glibc 2.34 and the libstdc++ of GCC 11 have."""

AARCH64 = 0xB7


def needed_versions(binary):
    """The newest version of each library that an ELF file asks for, by its name."""
    found = {}
    for name, version in re.findall(rb"\0(GLIBC|GLIBCXX|CXXABI)_([0-9.]+)(?=\0)", binary):
        numbers = tuple(int(number) for number in version.split(b"."))
        found[name.decode()] = max(numbers, found.get(name.decode(), ()))
    return found


@pytest.fixture(scope="module")
def light_for_aws(checkout):
    """The files of the layer `light` as it is built for Lambda on arm64."""
    return [path for _, path in building._installed(checkout, "light", Platform.AWS)]


@pytest.mark.parametrize("lock", ["lambda", "arrow", "light", "sftp", "warehouses", "emr"])
def test_there_are_wheels_for_aws_of_every_locked_version(checkout, tmp_path, lock):
    path = checkout / "requirements" / f"{lock}.lock"
    command = [*building.install_command(path, tmp_path / "target", Platform.AWS), "--dry-run"]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_the_light_layer_for_aws_runs_on_its_runtime(light_for_aws):
    binaries = {path: path.read_bytes() for path in light_for_aws if path.suffix in {".so", ".duckdb_extension"}}

    assert {path.name for path in binaries} >= {"httpfs.duckdb_extension", "_duckdb.cpython-313-aarch64-linux-gnu.so"}
    for path, content in binaries.items():
        assert content[:4] == b"\x7fELF", path
        assert int.from_bytes(content[18:20], "little") == AARCH64, path
        for library, version in needed_versions(content).items():
            assert version <= AMAZON_LINUX_2023[library], (path, library, version)


def test_the_light_layer_and_its_function_fit_into_lambda(light_for_aws, artifacts):
    code = [path for path in (artifacts / "lambdas" / "light_loader").rglob("*") if path.is_file()]

    assert sum(path.stat().st_size for path in [*light_for_aws, *code]) < LAYER_LIMIT_MB * 1e6


def test_contracts_can_be_read_from_inside_the_glue_library(checkout, artifacts):
    library = checkout / "build" / "glue" / "libs" / "cartlake.zip"
    dependencies = artifacts / "layers" / "cartlake" / "python"
    code = "from cartlake import contracts; print(contracts.load('transactions').source)"

    done = run(code, library, dependencies)

    assert "cartlake.zip" in done.stdout, done.stderr
