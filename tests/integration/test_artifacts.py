"""What is built works on its own: every function imports with nothing but its zip and its layers."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from cartlake_cli.build import Platform, build, function_names

pytestmark = pytest.mark.integration

WITH_ARROW = {"file_validator", "maintenance_planner", "table_publisher"}
ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "eu-west-1",
    "POWERTOOLS_TRACE_DISABLED": "true",
    "INCOMING_QUEUE_URL": "https://queue.example",
    "LEDGER_TABLE": "ledger",
    "EVENT_BUS": "bus",
    "QUARANTINE_BUCKET": "quarantine",
    "ARTIFACTS_BUCKET": "artifacts",
    "IDEMPOTENCY_TABLE": "idempotency",
    "INGEST_STATE_MACHINE_ARN": "arn:aws:states:eu-west-1:123456789012:stateMachine:ingest",
    "REFRESH_STATE_MACHINE_ARN": "arn:aws:states:eu-west-1:123456789012:stateMachine:refresh",
    "MAINTENANCE_STATE_MACHINE_ARN": "arn:aws:states:eu-west-1:123456789012:stateMachine:maintenance",
    "RUN_COORDINATOR_FUNCTION": "run-coordinator",
    "TRANSFORM_JOB": "dataset-etl",
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


@pytest.mark.parametrize("function", function_names(Path(__file__).parents[2]))
def test_a_function_imports_with_its_zip_and_layers_alone(artifacts, function):
    layers = ["cartlake", "arrow"] if function in WITH_ARROW else ["cartlake"]
    paths = [artifacts / "lambdas" / function, *(artifacts / "layers" / layer / "python" for layer in layers)]

    done = run(f"import lambdas.{function}.handler as h; assert callable(h.lambda_handler)", *paths)

    assert done.returncode == 0, done.stderr


def test_what_was_left_out_of_the_arrow_layer_is_not_needed(artifacts):
    layers = [artifacts / "layers" / layer / "python" for layer in ("cartlake", "arrow")]

    done = run("import pyarrow.parquet, pyarrow.fs, pyiceberg.catalog.glue, pyiceberg.io.pyarrow", *layers)

    assert done.returncode == 0, done.stderr


def test_contracts_can_be_read_from_inside_the_glue_library(checkout, artifacts):
    library = checkout / "build" / "glue" / "libs" / "cartlake.zip"
    dependencies = artifacts / "layers" / "cartlake" / "python"
    code = "from cartlake import contracts; print(contracts.load('transactions').source)"

    done = run(code, library, dependencies)

    assert "cartlake.zip" in done.stdout, done.stderr
