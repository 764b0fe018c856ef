"""The times of the test suites are read from what pytest wrote."""

import json
import os
import time

import pytest

from benchmarks import ci

ONE = (
    '<testsuites><testsuite time="{time}"><testcase classname="{name}" name="test_a" time="{seconds}"/>'
    "</testsuite></testsuites>"
)


@pytest.fixture
def suites(tmp_path, monkeypatch):
    monkeypatch.setattr(ci, "FOLDER", tmp_path)
    for file, seconds in {"unit.xml": 60, "unit-localaws.xml": 30, "spark.xml": 120}.items():
        body = ONE.format(time=seconds, name=f"tests.{file}", seconds=seconds / 2)
        (tmp_path / file).write_text(body)
    return tmp_path


def test_parts_of_a_suite_are_added_up(suites):
    times = ci.measured(suites)

    assert times["minutes"] == {"spark": 2.0, "unit": 1.5}
    assert times["tests"] == {"spark": 1, "unit": 2}


def test_the_slowest_test_comes_first(suites):
    slowest = ci.measured(suites)["slowest"]

    assert [(one["suite"], one["seconds"]) for one in slowest] == [("spark", 60), ("unit", 30), ("unit", 15)]
    assert slowest[0]["name"] == "tests.spark.xml::test_a"


def test_suites_that_run_side_by_side_take_less_than_their_sum(suites):
    (suites / ci.STARTED).touch()
    two_minutes_ago = time.time() - 120
    os.utime(suites / ci.STARTED, (two_minutes_ago, two_minutes_ago))

    assert ci.measured(suites)["minutes"]["all"] == pytest.approx(2, abs=0.2)


def test_what_was_printed_is_what_is_recorded(suites, capsys):
    ci.main()

    assert {one["name"]: one["value"] for one in ci.measure()} == {
        "ci_minutes_by_suite_spark": 2.0,
        "ci_minutes_by_suite_unit": 1.5,
    }
    assert "1.5    unit" in capsys.readouterr().out
    assert len(json.loads((suites / ci.TIMES).read_text())["slowest"]) == 3


@pytest.mark.parametrize("read", [ci.measured, lambda _: ci.measure()])
def test_without_a_run_of_the_tests_there_is_nothing_to_record(tmp_path, monkeypatch, read):
    monkeypatch.setattr(ci, "FOLDER", tmp_path)

    with pytest.raises(FileNotFoundError, match="make test"):
        read(tmp_path)
