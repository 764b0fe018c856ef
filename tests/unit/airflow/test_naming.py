"""Names of a task: the same at each try, no other task's, and such as the lake takes."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cartlake.runs.ids import ALL_DATASETS, RUN_ID, subject_of
from cartlake_airflow.errors import BadTaskError
from cartlake_airflow.lake import Lake
from cartlake_airflow.naming import WORKFLOWS, Task
from lambdas.file_validator.domain import Candidate, locate

TASK = Task("daily", "manual__1", "load", -1, datetime(2026, 9, 1, 6, tzinfo=UTC))
OTHERS = [
    replace(TASK, dag_id="weekly"),
    replace(TASK, run_id="manual__2"),
    replace(TASK, task_id="load2"),
    replace(TASK, map_index=0),
    replace(TASK, map_index=1),
    replace(TASK, dag_id="dailym", run_id="anual__1"),
]
names = st.text(min_size=1, max_size=250)


def test_a_task_has_the_same_names_at_each_try():
    again = replace(TASK)
    assert again.object_key("orders", "a.csv", 1) == TASK.object_key("orders", "a.csv", 1)
    assert again.run_of("refresh", 1) == TASK.run_of("refresh", 1)


@pytest.mark.parametrize("other", OTHERS)
def test_no_other_task_has_its_names(other):
    assert other.object_key("orders", "a.csv", 1) != TASK.object_key("orders", "a.csv", 1)
    assert other.run_of("refresh", 1) != TASK.run_of("refresh", 1)


def test_each_attempt_has_names_of_its_own():
    attempts = range(1, 20)
    assert len({TASK.object_key("orders", "a.csv", attempt) for attempt in attempts}) == len(attempts)
    assert len({TASK.run_of("refresh", attempt) for attempt in attempts}) == len(attempts)


@given(dag=names, run=names, task=names, index=st.integers(-1, 10_000), attempt=st.integers(1, 1000))
def test_the_validator_finds_the_dataset_in_every_key(dag, run, task, index, attempt):
    key = Task(dag, run, task, index, TASK.run_after).object_key("transactions", "2026-09-01.csv", attempt)
    assert locate(key, 5, {"transactions"}) == Candidate("transactions", "csv", gzip_name=False)
    assert len(key) < 1024
    assert re.fullmatch(r"[A-Za-z0-9._/-]+", key)


@given(dag=names, run=names, task=names, workflow=st.sampled_from(WORKFLOWS), attempt=st.integers(1, 1000))
def test_the_lake_takes_every_run_id_and_step_functions_every_name(dag, run, task, workflow, attempt):
    run_id = Task(dag, run, task, -1, TASK.run_after).run_of(workflow, attempt)
    assert subject_of(run_id) == workflow
    assert len(run_id) <= 80


def test_there_are_the_workflows_that_the_lake_has():
    assert set(WORKFLOWS) == set(ALL_DATASETS)


def test_a_run_id_has_the_time_in_utc():
    there = replace(TASK, run_after=datetime(2026, 9, 1, 6, tzinfo=timezone(timedelta(hours=5))))
    assert RUN_ID.fullmatch(there.run_of("refresh", 1))["started"] == "20260901T010000"


@pytest.mark.parametrize("name", ["_a.csv", ".a.csv", "a b.csv", "a/b.csv", "", "ä.csv"])
def test_a_file_name_that_spark_would_skip_is_refused_with_advice(name):
    with pytest.raises(BadTaskError, match="Set `file_name`"):
        TASK.object_key("orders", name, 1)


@pytest.mark.parametrize("dataset", ["", "Orders", "a/b", "../x"])
def test_what_cannot_be_a_dataset_is_refused(dataset):
    with pytest.raises(BadTaskError, match="cannot be a dataset"):
        TASK.object_key(dataset, "a.csv", 1)


def test_a_workflow_that_there_is_not_is_refused_with_those_that_there_are():
    with pytest.raises(BadTaskError, match="'ingest' is not a workflow; there are: refresh, maintenance, forecast"):
        TASK.run_of("ingest", 1)


@pytest.mark.parametrize(
    ("outputs", "named"),
    [
        ({}, "coordinator, ledger_table, raw_bucket, region"),
        ({"region": "eu-west-1", "buckets": {"raw": "raw"}, "functions": {"run_coordinator": "c"}}, "ledger_table"),
    ],
)
def test_outputs_without_a_name_are_refused_with_what_is_missing(outputs, named):
    with pytest.raises(BadTaskError, match=f"does not have {named}. Set the Airflow variable"):
        Lake.of(outputs)


def test_outputs_that_are_no_object_are_refused():
    with pytest.raises(BadTaskError, match="must be a JSON object"):
        Lake.of("cartlake-prod")


def test_the_names_that_a_trigger_keeps_make_the_same_lake():
    outputs = {"region": "r", "buckets": {"raw": "b"}, "ledger_table": "l", "functions": {"run_coordinator": "c"}}
    lake = Lake.of(outputs | {"workgroup": "ignored"})
    lake.client("s3")  # which no trigger can keep
    assert Lake.of(json.loads(json.dumps(lake.names()))) == lake
    assert set(lake.names()) == {"region", "raw_bucket", "ledger_table", "coordinator"}
