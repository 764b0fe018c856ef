"""What ships is reached by what runs, imports nothing that does not ship, and no folder is a heap of modules."""

import ast
import re
import sys
from functools import cache
from importlib.metadata import packages_distributions

import pytest

from cartlake import contracts
from tests.contract.python_files import ROOT, python_files

SHIPPED = ("cartlake", "lambdas", "glue_jobs", "sources")
NOT_SHIPPED = {"cartlake_cli", "generators", "data_catalog", "localaws", "benchmarks", "dashboard", "tests"}
FOLDERS = (
    *("cartlake", "cartlake_cli", "lambdas", "glue_jobs", "generators", "sources", "localaws/src", "data_catalog"),
    "integrations/airflow/cartlake_airflow",
)
MODULES_SIDE_BY_SIDE = 15
CALLERS = {"cartlake_cli/main.py", "cartlake_cli/command_table.py"}


def module_of(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def used_by_type_checkers_only(node):
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def imports(path):
    """Names that a module imports when it runs, in functions too; `from a import b` is both `a` and `a.b`."""
    waiting = [ast.parse(path.read_text())]
    while waiting:
        node = waiting.pop()
        if used_by_type_checkers_only(node):
            waiting.extend(node.orelse)
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            yield f"{node.module}"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        waiting.extend(ast.iter_child_nodes(node))


@cache
def shipped_modules():
    return {module_of(path): path for folder in SHIPPED for path in python_files(folder)}


def test_emr_serverless_unpacks_every_package_that_jobs_import():
    """Its Python has none of its own. PySpark comes with Spark; pyiceberg is for functions, which have layers."""
    jobs = reached_from(f"glue_jobs.{path.parent.name}.main" for path in ROOT.glob("glue_jobs/*/main.py"))
    named = {name.split(".")[0] for module in jobs for name in imports(shipped_modules()[module])}
    foreign = named - set(sys.stdlib_module_names) - set(SHIPPED) - {"py4j", "pyiceberg", "pyspark"}
    locked = re.findall(r"^([\w-]+)==", (ROOT / "requirements" / "emr.lock").read_text(), re.MULTILINE)

    packages = packages_distributions()
    assert {name for name in foreign if not {one.lower() for one in packages[name]} & set(locked)} == set()
    assert {"numpy", "pyarrow", "pydantic", "sklearn"} <= foreign
    assert {"pandas", "pyarrow"} <= set(locked)  # PySpark asks for both before it runs Python on Arrow


def with_packages(name):
    """A module, and the packages whose `__init__` runs before it."""
    parts = name.split(".")
    return {".".join(parts[:length]) for length in range(1, len(parts) + 1)}


def reached_from(names):
    known, reached, waiting = shipped_modules(), set(), list(names)
    while waiting:
        for name in with_packages(waiting.pop()) & known.keys() - reached:
            reached.add(name)
            waiting.extend(imports(known[name]))
    return reached


def entry_points():
    files = [*ROOT.glob("lambdas/*/handler.py"), *ROOT.glob("glue_jobs/*/main.py")]
    return {module_of(path) for path in files}


def named_by_contracts():
    builds = [table.build for contract in contracts.load_all() for table in contract.tables if table.build]
    folders = {"refresh": "transforms", "forecast": "demand_forecast"}
    return {f"glue_jobs.{folders[build.workflow]}.{build.transform.rpartition('.')[0]}" for build in builds}


def test_there_is_something_to_reach_from():
    assert len(entry_points()) == 24
    assert "glue_jobs.transforms.sales" in named_by_contracts()
    assert named_by_contracts() <= shipped_modules().keys()


def test_every_module_that_ships_is_reached_by_a_function_or_a_job():
    reached = reached_from(entry_points() | named_by_contracts())

    assert sorted(shipped_modules().keys() - reached) == []


LIGHT = ("light_loader", "light_refresher", "tile_writer")


def light_entry_points():
    """What a light function imports: its handler, and the functions that contracts name."""
    prepared = {table.prepare for contract in contracts.load_all() for table in contract.tables if table.prepare}
    named = {f"glue_jobs.transforms.{name.rpartition('.')[0]}" for name in prepared}
    return {f"lambdas.{function}.handler" for function in LIGHT} | named


def test_nothing_that_a_light_function_imports_reaches_spark_or_arrow():
    known = shipped_modules()
    reached = reached_from(light_entry_points())
    outside = {(module, name) for module in reached for name in imports(known[module])}

    assert "glue_jobs.engines.duckdb.engine" in reached
    assert [(module, name) for module, name in outside if name.split(".")[0] in {"pyspark", "py4j", "pyarrow"}] == []
    spark_only = ("glue_jobs.engines.spark", "glue_jobs.table_maintenance")
    assert sorted(module for module in reached if module.startswith(spark_only)) == []


def test_what_ships_imports_nothing_that_does_not():
    outward = {
        f"{module} imports {name}"
        for module, path in shipped_modules().items()
        for name in imports(path)
        if name.split(".")[0] in NOT_SHIPPED
    }

    assert outward == set()


def test_the_embedded_aws_imports_nothing_of_ours():
    ours = {*SHIPPED, *NOT_SHIPPED} - {"localaws"}
    outward = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in python_files("localaws/src")
        for name in imports(path)
        if name.split(".")[0] in ours
    }

    assert outward == set()


IN_AIRFLOW = {"operators.py", "sensors.py", "triggers.py", "waiting.py"}


@pytest.mark.parametrize("path", python_files("integrations/airflow"), ids=lambda path: path.name)
def test_a_dag_needs_boto3_and_airflow_alone(path):
    """Airflow's environment has no Cartlake. What decides is tested without Airflow, so it imports none."""
    named = {name.split(".")[0] for name in imports(path)} - set(sys.stdlib_module_names) - {"cartlake_airflow"}
    runs_there = path.name in IN_AIRFLOW or path.parent.name == "dags"

    assert named <= {"boto3", "botocore"} | ({"airflow"} if runs_there else set())


def test_nothing_else_imports_airflow():
    folders = [*SHIPPED, "cartlake_cli", "generators", "data_catalog", "localaws/src", "benchmarks"]
    paths = [path for folder in folders for path in python_files(folder)]

    assert [
        path for path in paths if {"airflow", "cartlake_airflow"} & {name.split(".")[0] for name in imports(path)}
    ] == []


def test_operators_modules_do_not_import_commands():
    """A guarantee such as exactly-once replay is library code: a command parses, calls and prints."""
    upward = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in python_files("cartlake_cli")
        if str(path.relative_to(ROOT)) not in CALLERS and "commands" not in path.relative_to(ROOT).parts
        for name in imports(path)
        if name.startswith("cartlake_cli.commands")
    }

    assert upward == set()


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_folder_has_more_modules_than_a_reader_can_look_over(folder):
    folders = {path.parent for path in python_files(folder)}
    modules = {
        str(one.relative_to(ROOT)): len([path for path in one.glob("*.py") if path.name != "__init__.py"])
        for one in folders
    }

    assert modules
    assert {name: many for name, many in modules.items() if many > MODULES_SIDE_BY_SIDE} == {}


def strings_of(path):
    """The strings that a module works with; docstrings and other strings that stand alone are not among them."""
    tree = ast.parse(path.read_text())
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in alone]


@pytest.mark.parametrize("folder", [*SHIPPED, "cartlake_cli", "integrations/airflow/cartlake_airflow"])
def test_no_arn_is_of_a_partition_that_is_typed(folder):
    typed = {path: [text for text in strings_of(path) if "arn:aws" in str(text)] for path in python_files(folder)}

    assert {path: texts for path, texts in typed.items() if texts} == {}
