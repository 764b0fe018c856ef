"""Spark's jars, and Spark's settings for them; nothing is downloaded here."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from localaws.spark import ivy, jars
from localaws.spark.session import session_conf


def test_the_error_for_missing_jars_has_the_command_that_downloads_them(tmp_path):
    with pytest.raises(ivy.JarsError, match=r"python -m localaws\.spark\.jars"):
        jars.classpath(tmp_path)


def test_jars_that_are_there_are_not_resolved_again(tmp_path, monkeypatch):
    jars.directory(tmp_path).mkdir(parents=True)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("ivy was called"))

    assert jars.resolve(tmp_path) == jars.directory(tmp_path)


def test_the_class_path_has_the_same_order_on_every_machine(tmp_path):
    folder = jars.directory(tmp_path)
    folder.mkdir(parents=True)
    for name in ("b.jar", "a.jar", "notes.txt"):
        (folder / name).touch()

    assert jars.classpath(tmp_path) == f"{folder / 'a.jar'}{os.pathsep}{folder / 'b.jar'}"


def test_another_list_of_jars_is_another_directory(tmp_path):
    longer = replace(jars.JARS, coordinates=(*jars.COORDINATES, "org.example:extra:1.0"))

    assert longer.directory(tmp_path) != jars.directory(tmp_path)


def test_a_failed_download_leaves_no_files_and_names_the_missing_jars(tmp_path, monkeypatch):
    answer = subprocess.CompletedProcess([], 1, stdout="no route to host", stderr="")
    monkeypatch.setattr(ivy.subprocess, "run", lambda *_, **__: answer)
    monkeypatch.setattr(ivy.java, "java_home", lambda: Path("/jdk"))

    with pytest.raises(ivy.JarsError, match=r"iceberg-spark-runtime(.|\n)*no route to host"):
        jars.resolve(tmp_path)

    assert not list((tmp_path / "jars").iterdir())


def test_no_jar_of_pyspark_is_replaced_by_an_older_one():
    excluded = {coordinate.split(":")[1] for coordinate in jars.EXCLUDED}
    ours = {coordinate.split(":")[1] for coordinate in jars.COORDINATES}

    assert not excluded & ours
    assert f"hadoop-client-api-{jars.HADOOP_VERSION}.jar" in {jar.name for jar in (ivy.SPARK_HOME / "jars").iterdir()}


def test_a_session_has_the_endpoint_for_tables_and_for_files(tmp_path):
    folder = jars.directory(tmp_path)
    folder.mkdir(parents=True)
    (folder / "a.jar").touch()

    conf = session_conf("http://127.0.0.1:4711", tmp_path)

    at_endpoint = {name for name, value in conf.items() if value == "http://127.0.0.1:4711"}
    assert at_endpoint == {
        "spark.sql.catalog.glue_catalog.glue.endpoint",
        "spark.sql.catalog.glue_catalog.s3.endpoint",
        "spark.hadoop.fs.s3a.endpoint",
    }
    assert conf["spark.driver.extraClassPath"] == str(folder / "a.jar")
    assert conf["spark.driver.bindAddress"] == "127.0.0.1"
    assert conf["spark.sql.session.timeZone"] == "UTC"
