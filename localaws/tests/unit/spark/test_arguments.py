"""Glue's special job arguments, read without Spark."""

from __future__ import annotations

import importlib.metadata
import zipfile

import pytest

from localaws.spark.arguments import (
    LaunchError,
    check_python_modules,
    check_zip_of_wheels,
    script_arguments,
    spark_settings,
    split_settings,
    uris,
)


def test_the_script_gets_only_its_own_arguments():
    arguments = {
        "--conf": "a=1",
        "--extra-py-files": "s3://b/a.zip",
        "--datalake-formats": "iceberg",
        "--JOB_NAME": "etl",
        "--run_id": "r 1",
        "--flag": "",
    }

    assert script_arguments(arguments) == ["--JOB_NAME", "etl", "--run_id", "r 1", "--flag", ""]


@pytest.mark.parametrize(
    ("conf", "settings"),
    [
        pytest.param("", {}, id="empty"),
        pytest.param("a.b=1", {"a.b": "1"}, id="one"),
        pytest.param("a=1 --conf b=2  --conf\nc=3", {"a": "1", "b": "2", "c": "3"}, id="many"),
        pytest.param("a=x=y", {"a": "x=y"}, id="equals sign in the value"),
        pytest.param("a=-Dx=1 -Dy=2", {"a": "-Dx=1 -Dy=2"}, id="space in the value"),
        pytest.param("a=", {"a": ""}, id="empty value"),
    ],
)
def test_conf_is_one_string_of_many_settings(conf, settings):
    assert spark_settings({"--conf": conf}) == settings


def test_no_conf_is_no_settings():
    assert spark_settings({}) == {}


def test_a_setting_without_a_value_is_refused():
    with pytest.raises(LaunchError, match="'b'"):
        spark_settings({"--conf": "a=1 --conf b"})


def test_iceberg_needs_datalake_formats_as_on_glue():
    conf = "spark.sql.catalog.lake=org.apache.iceberg.spark.SparkCatalog"

    assert spark_settings({"--conf": conf, "--datalake-formats": "hudi,iceberg"})
    with pytest.raises(LaunchError, match=r"ClassNotFoundException.*--datalake-formats iceberg"):
        spark_settings({"--conf": conf})


def test_only_settings_of_the_jvm_that_differ_need_another_jvm():
    settings = {
        "spark.sql.shuffle.partitions": "8",
        "spark.sql.catalog.lake": "org.apache.iceberg.spark.SparkCatalog",
        "spark.sql.extensions": "iceberg",
        "spark.sql.warehouse.dir": "s3://other/",
        "spark.driver.memory": "2g",
        "spark.executor.memory": "9g",
    }
    running = {"spark.sql.extensions": "iceberg", "spark.driver.memory": "2g"}

    session, static = split_settings(settings, running)

    assert set(session) == {"spark.sql.shuffle.partitions", "spark.sql.catalog.lake"}
    assert static == {"spark.sql.warehouse.dir": "s3://other/", "spark.executor.memory": "9g"}


def test_uris_are_separated_by_commas():
    assert uris({"--extra-py-files": "s3://b/a.zip, s3://b/c.zip,"}, "--extra-py-files") == [
        "s3://b/a.zip",
        "s3://b/c.zip",
    ]


@pytest.mark.parametrize(
    "modules",
    [
        pytest.param("pydantic", id="any version"),
        pytest.param("pydantic>=2,boto3", id="several"),
        pytest.param("PyYAML>=6", id="name in other case"),
        pytest.param("s3://artifacts/lib-1.0-py3-none-any.whl", id="wheel"),
    ],
)
def test_modules_of_the_environment_are_accepted(modules):
    check_python_modules({"--additional-python-modules": modules})


@pytest.mark.parametrize(
    ("modules", "complaint"),
    [
        pytest.param("pydantic==0.1", r"pydantic==0.1 \(installed is \d", id="another version"),
        pytest.param("boto3,no-such-module==1", r"no-such-module==1 \(not installed\)", id="missing"),
        pytest.param("===", "===", id="nonsense"),
    ],
)
def test_modules_that_are_not_there_are_named(modules, complaint):
    with pytest.raises(LaunchError, match=complaint):
        check_python_modules({"--additional-python-modules": modules})


@pytest.fixture
def zip_of_wheels(tmp_path):
    def make(requirements, *wheels):
        path = tmp_path / "some.gluewheels.zip"
        with zipfile.ZipFile(path, "w") as archive:
            if requirements is not None:
                archive.writestr("wheels/requirements.txt", requirements)
            for name in wheels:
                archive.writestr(f"wheels/{name}", "")
        return path

    return make


PYDANTIC = f"pydantic=={importlib.metadata.version('pydantic')}"
YAML = f"PyYAML=={importlib.metadata.version('pyyaml')}"
WHEELS = ("pydantic-2-py3-none-any.whl", "pyyaml-6-cp311-cp311-manylinux2014_x86_64.whl")


def test_a_zip_of_wheels_that_the_environment_has_is_accepted(zip_of_wheels):
    check_zip_of_wheels(zip_of_wheels(f"{PYDANTIC}\n{YAML}\n", *WHEELS))


@pytest.mark.parametrize(
    ("requirements", "wheels", "complaint"),
    [
        pytest.param(f"{PYDANTIC}\n{YAML}\n", WHEELS[:1], r"PyYAML==\S+ \(no wheel in some", id="no wheel"),
        pytest.param("pydantic==0.1\n", WHEELS, r"pydantic==0.1 \(installed is \d", id="another version"),
        pytest.param(None, WHEELS, "requirements.txt", id="no requirements"),
    ],
)
def test_what_a_zip_of_wheels_lacks_is_named(zip_of_wheels, requirements, wheels, complaint):
    with pytest.raises(LaunchError, match=complaint):
        check_zip_of_wheels(zip_of_wheels(requirements, *wheels))


def test_a_file_that_is_no_zip_is_no_zip_of_wheels(tmp_path):
    (tmp_path / "some.gluewheels.zip").write_text("wheels")

    with pytest.raises(LaunchError, match="is not a zip"):
        check_zip_of_wheels(tmp_path / "some.gluewheels.zip")
