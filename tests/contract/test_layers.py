"""Rules live in files that may not know that AWS exists, and imports point inward."""

import ast

import pytest

from tests.contract.python_files import ROOT, python_files

PURE_FILES = [
    path
    for pattern in (
        "lambdas/*/domain.py",
        "lambdas/*/content/*.py",
        "glue_jobs/transforms/**/*.py",
        "cartlake/runs/*.py",
        "cartlake/ledger/models.py",
    )
    for path in sorted(ROOT.glob(pattern))
]
OUTSIDE_WORLD = {
    "aws_lambda_powertools",
    "awsglue",
    "boto3",
    "botocore",
    "os",
    "pathlib",
    "pyiceberg",
    "requests",
    "socket",
    "subprocess",
    "sys",
    "time",
}
SIBLING_WIRES = {"adapters", "handler", "main", "settings"}
OURS = {
    "cartlake",
    "cartlake_cli",
    "dashboard",
    "generators",
    "glue_jobs",
    "lambdas",
    "localaws",
    "sources",
    "tests",
    "benchmarks",
    "data_catalog",
}
ALLOWED = {
    "cartlake": {"cartlake"},
    "cartlake_cli": {"cartlake", "cartlake_cli", "data_catalog", "generators", "sources"},
    "lambdas": {"cartlake", "lambdas"},
    "glue_jobs": {"cartlake", "glue_jobs"},
    "generators": {"cartlake", "generators"},
    "sources": {"cartlake", "sources"},
    "localaws/src/localaws": {"localaws"},
    "data_catalog": {"cartlake", "cartlake_cli", "data_catalog", "glue_jobs"},
}


# The one folder that may import localaws: the commands that run the lake on this machine.
LOCAL_COMMANDS = ROOT / "cartlake_cli" / "commands" / "local"


# The functions that run the light engine have its code in their zip.
LIGHT_FUNCTIONS = {"light_loader", "light_refresher", "tile_writer"}


# The functions that read sources have their code in their zip.
SOURCE_FUNCTIONS = {"sftp_reader", "source_sync", "stream_reader"}


# The code that compiles the queries of those functions runs their pipelines to do so.
LIGHT_QUERIES = ROOT / "cartlake_cli" / "light_queries"


def allowed(package, path):
    light = (package == "lambdas" and path.parent.name in LIGHT_FUNCTIONS) or path.is_relative_to(LIGHT_QUERIES)
    local = path.is_relative_to(LOCAL_COMMANDS)
    reads = package == "lambdas" and path.parent.name in SOURCE_FUNCTIONS
    also = {"localaws": local, "glue_jobs": light, "sources": reads}
    return ALLOWED[package] | {name for name, is_allowed in also.items() if is_allowed}


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield f"{node.module}"


def relative(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", PURE_FILES, ids=relative)
def test_pure_files_import_nothing_from_the_outside_world(path):
    names = [name.split(".") for name in imports(path)]

    assert not [name for name in names if name[0] in OUTSIDE_WORLD or name[-1] in SIBLING_WIRES]


def test_there_are_pure_files():
    assert len([path for path in PURE_FILES if path.name == "domain.py"]) == 17


@pytest.mark.parametrize("package", ALLOWED)
def test_imports_point_inward(package):
    outward = {
        f"{relative(path)} imports {name}"
        for path in python_files(package)
        for name in imports(path)
        if name.split(".")[0] in OURS - allowed(package, path)
    }

    assert outward == set()


def test_functions_do_not_import_each_other():
    """Each is deployed without the others: only lambdas/shared goes into every zip."""
    crossing = {
        f"{relative(path)} imports {name}"
        for path in python_files("lambdas")
        for name in imports(path)
        if name.startswith("lambdas.")
        and name.split(".")[1] not in {path.relative_to(ROOT / "lambdas").parts[0], "shared"}
    }

    assert crossing == set()


ARROW_USERS = {"file_validator", "maintenance_planner", "table_publisher"}


@pytest.mark.parametrize("package", sorted(ARROW_USERS))
def test_what_only_some_functions_have_is_imported_by_none_of_the_others(package):
    """pyarrow and pyiceberg are in the arrow layer."""
    users = {
        path.relative_to(ROOT / "lambdas").parts[0]
        for path in python_files("lambdas")
        for name in imports(path)
        if name.split(".")[0] in {"pyarrow", "pyiceberg"}
    }

    assert package in users
    assert users == ARROW_USERS


ENGINE_FREE = [
    path
    for pattern in ("glue_jobs/transforms/**/*.py", "glue_jobs/dataset_etl/*.py", "glue_jobs/engines/base.py")
    for path in sorted(ROOT.glob(pattern))
    if path.name != "main.py"
]


@pytest.mark.parametrize("path", ENGINE_FREE, ids=relative)
def test_transforms_and_the_pipeline_do_not_know_which_engine_runs_them(path):
    """Frames come from cartlake.engine, and what differs from engine to engine is behind glue_jobs.engines.base."""
    engines = ("pyspark", "py4j", "duckdb", "sqlframe", "glue_jobs.engines.spark")

    assert [name for name in imports(path) if name.startswith(engines)] == []


def test_there_is_a_pipeline():
    assert ROOT / "glue_jobs/dataset_etl/pipeline.py" in ENGINE_FREE
