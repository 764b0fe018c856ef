"""The architecture page names every task of every state machine, in order, with what does it, and nothing else."""

import json
import re

import pytest

from cartlake.runs.ids import Workflow
from tests.contract.pages import ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text()
MODULES = ROOT / "terraform" / "modules"
FUNCTION = re.compile(r"\$\{(\w+)_function_arn\}")
ROW = re.compile(r"^\| `(\w+)` \|.*\| `([\w/]+)` \|$", re.MULTILINE)
ALERTS = "terraform/modules/alerts"


@pytest.mark.parametrize("workflow", Workflow)
def test_tasks_are_those_of_the_state_machine_in_its_order_with_what_does_them(workflow):
    assert ROW.findall(section(f"### Workflow {workflow}")) == [
        (name, done_by(state)) for name, state in states(workflow).items() if state["Type"] == "Task"
    ]


def test_every_workflow_is_a_state_machine():
    files = {path.name.removesuffix(".asl.json") for path in (ROOT / "state_machines").glob("*.asl.json")}

    assert files == set(Workflow)


def test_every_lambda_function_and_every_glue_job_is_named_and_exists():
    named = set(re.findall(r"`((?:lambdas|glue_jobs)/\w+)`", PAGE))
    functions = {f"lambdas/{path.parent.name}" for path in (ROOT / "lambdas").glob("*/handler.py")}
    jobs = {f"glue_jobs/{path.parent.name}" for path in (ROOT / "glue_jobs").glob("*/main.py")}

    assert named - {"glue_jobs/transforms"} == functions | jobs


def section(heading):
    _, found, rest = PAGE.partition(f"{heading}\n")
    assert found, f"docs/architecture.md has no heading {heading!r}"
    return re.split(r"^#", rest, maxsplit=1, flags=re.MULTILINE)[0]


def states(workflow):
    return json.loads((ROOT / "state_machines" / f"{workflow}.asl.json").read_text())["States"]


def done_by(state):
    """The folder of the Glue job a task starts, else of the function it calls; alerts are published by SNS."""
    if state["Resource"].endswith(":sns:publish"):
        return ALERTS
    payload = state["Parameters"].get("Payload", {})
    if "job_name.$" in payload:
        return f"glue_jobs/{job_of(payload['job_name.$'])}"
    return f"lambdas/{FUNCTION.fullmatch(state['Parameters']['FunctionName'])[1]}"


def job_of(reference):
    """The job whose name is in a field such as `$.claim.Payload.transform_job`, as Terraform names it."""
    variable = reference.rsplit(".", maxsplit=1)[-1].upper()
    terraform = (MODULES / "workflows" / "functions.tf").read_text()
    [job] = re.findall(rf'^ *{variable} *= var\.glue_jobs\["(\w+)"\]', terraform, re.MULTILINE)
    return job
