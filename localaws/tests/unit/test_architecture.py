"""The package imports only its dependencies, has no import cycle, and no folder has too many modules."""

import ast
import functools
import graphlib
import importlib.metadata
import re
import sys
import tomllib
from pathlib import Path

import pytest

import localaws
from localaws import serve

PACKAGE = Path(localaws.__file__).parent
PROJECT = tomllib.loads((PACKAGE.parents[1] / "pyproject.toml").read_text())["project"]
MAX_MODULES_IN_A_FOLDER = 15
TYPES_ONLY = {"types_boto3_glue", "types_boto3_s3"}
# Installed by a dependency: botocore by boto3, h11 by hypercorn, py4j by pyspark.
BROUGHT_ALONG = {"botocore", "h11", "py4j"}


def module_name(path):
    parts = [PACKAGE.name, *path.relative_to(PACKAGE).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}

FOLDERS = sorted({str(path.parent.relative_to(PACKAGE)) for path in FILES.values()})


def imported_names(path):
    """Every name that a module imports, inside functions and for types as well."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"a relative import in {path}"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def modules_imported_by(path):
    """Those that are modules of this package: `from a import b` is a.b if that is a module, else a."""
    for name in imported_names(path):
        if name in FILES:
            yield name
        elif name.rpartition(".")[0] in FILES:
            yield name.rpartition(".")[0]


@functools.cache
def declared_packages():
    """The top-level import names of what pyproject.toml declares."""
    lines = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["testing"]]
    distributions = {re.split(r"[\[<>=!~ ]", line)[0].lower() for line in lines}
    provided = importlib.metadata.packages_distributions()
    return {name for name, owners in provided.items() if distributions & {owner.lower() for owner in owners}}


@pytest.mark.parametrize("module", FILES)
def test_a_module_imports_nothing_but_declared_dependencies(module):
    tops = {name.split(".")[0] for name in imported_names(FILES[module])}

    assert tops - sys.stdlib_module_names - declared_packages() - TYPES_ONLY - BROUGHT_ALONG - {"localaws"} == set()


def test_there_is_no_import_cycle():
    graph = {module: set(modules_imported_by(path)) - {module} for module, path in FILES.items()}

    assert sum(map(len, graph.values())) > 200
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError, which names the cycle


@pytest.mark.parametrize(
    "folder", sorted({path.parent for path in FILES.values()}), ids=lambda folder: str(folder.relative_to(PACKAGE))
)
def test_no_folder_has_too_many_modules(folder):
    modules = [path for path in (PACKAGE / folder).glob("*.py") if path.name != "__init__.py"]

    assert len(modules) <= MAX_MODULES_IN_A_FOLDER


def test_the_names_of_extensions_say_their_folder_and_their_order():
    names = list(serve.extension_names())

    assert names == sorted(names)
    assert {"athena_engine", "glue_spark", "lambda_async", "lambda_errors", "s3_events", "cloudwatch_alarms"} <= {
        *names
    }


def test_extensions_can_be_left_out(monkeypatch):
    monkeypatch.setenv("LOCALAWS_WITHOUT", "s3_events,lambda_errors")

    assert not {"s3_events", "lambda_errors"} & set(serve.extension_names())
    assert "s3_listing" in serve.extension_names()
