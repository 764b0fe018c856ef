"""No log has a value of a row, or a task token: who reads logs must not learn what is in a table, nor end a task."""

import json
import re
from uuid import uuid4

import pytest

from tests.e2e.conftest import PARCELS_HEADER, loads_on_spark

pytestmark = pytest.mark.e2e

TOKEN = re.compile(r'"--?task_token"\s*:\s*"([^"]+)"')


def rows(marker):
    """Good rows, rows that each rule refuses, and values of other types, each with a text nobody else writes."""
    return PARCELS_HEADER + "".join(
        f"{line}\n"
        for line in (
            f"PCL-{marker},500,{marker} good,2026-11-02,2026-11-02T10:00:00Z",
            f"PCL-{marker}-2,999999,{marker} heavy,2026-11-02,2026-11-02T10:00:00Z",
            f"PCL-{marker}-3,{marker},no number,2026-11-02,2026-11-02T10:00:00Z",
            f"PCL-{marker}-4,5,no date,{marker},2026-11-02T10:00:00Z",
            f"PCL-{marker}-5,5,no time,2026-11-02,{marker}",
            f",5,{marker} no key,2026-11-02,2026-11-02T10:00:00Z",
        )
    )


@pytest.fixture(scope="module")
def markers(lake, run_lake, tmp_path_factory):
    """Texts that stand in rows of files that were loaded by both engines, and of one that was refused."""
    folder, found = tmp_path_factory.mktemp("marked"), []

    def drop(text_of, name):
        found.append(f"zq{uuid4().hex}")
        file = folder / f"{name}.csv"
        file.write_text(text_of(found[-1]))
        run_lake("drop", "parcels", file, "--wait", "--json", exit_code=None)

    drop(rows, "light")
    with loads_on_spark(lake):
        drop(rows, "spark")
    drop(lambda marker: rows(marker) + f'PCL-9,"{marker},1,2,3,4,5,6\n', "unclosed")
    drop(lambda marker: rows(marker).replace("grams,", ""), "refused")
    return found


@pytest.fixture(scope="module")
def tokens(lake, markers):
    """The task tokens of all executions and Glue runs that are still known."""
    states, glue = lake.client("stepfunctions"), lake.client("glue")
    texts = []
    for machine in lake.outputs.state_machine_arns.values():
        for execution in states.list_executions(stateMachineArn=machine)["executions"][:20]:
            history = states.get_paginator("get_execution_history").paginate(executionArn=execution["executionArn"])
            texts += [json.dumps(page["events"], default=str).replace("\\", "") for page in history]
    for job in glue.get_jobs()["Jobs"]:
        texts += [json.dumps(run.get("Arguments", {})) for run in glue.get_job_runs(JobName=job["Name"])["JobRuns"]]
    return {token for text in texts for token in TOKEN.findall(text)}


@pytest.fixture(scope="module")
def logs(lake, markers):
    """All that is in CloudWatch Logs, and in the log files of the embedded AWS, by place."""
    client, found = lake.client("logs"), {}
    for page in client.get_paginator("describe_log_groups").paginate():
        for group in (one["logGroupName"] for one in page["logGroups"]):
            pages = client.get_paginator("filter_log_events").paginate(logGroupName=group)
            found[group] = "\n".join(event["message"] for events in pages for event in events["events"])
    found |= {file.name: file.read_text(errors="replace") for file in (lake.home / "logs").glob("*.*")}
    return found


def test_the_marked_rows_were_loaded_and_refused(markers, rows_of):
    loaded = rows_of("SELECT recipient FROM processed.parcels WHERE recipient LIKE 'zq%good'")

    assert {f"{marker} good" for marker in markers[:2]} <= {row[0] for row in loaded}


def test_no_log_has_a_value_of_a_row(logs, markers):
    assert any("light-loader" in place for place in logs)
    assert [(place, marker) for place, text in logs.items() for marker in markers if marker in text] == []


def test_no_log_has_a_task_token(logs, tokens):
    assert tokens
    assert [place for place, text in logs.items() for token in tokens if token in text] == []


def test_state_machines_log_without_data(lake):
    states = lake.client("stepfunctions")
    described = [states.describe_state_machine(stateMachineArn=arn) for arn in lake.outputs.state_machine_arns.values()]

    # What is false is not stored.
    logged = {
        (one["loggingConfiguration"]["level"], one["loggingConfiguration"].get("includeExecutionData", False))
        for one in described
    }
    assert logged == {("ALL", False)}
