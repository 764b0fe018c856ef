"""Every workflow in state_machines/ keeps the promises an on-call engineer relies on.

The embedded AWS accepts any definition, also a `Next` that leads nowhere, so the graph is checked here.
"""

import copy
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEFINITIONS = sorted((ROOT / "state_machines").glob("*.asl.json"))
PLACEHOLDER = re.compile(r"\$\{(\w+)\}")
TERMINAL = {"Succeed", "Fail"}
COMMON = {"Type", "Comment"}
FLOW = {"Next", "End", "InputPath", "OutputPath"}
FIELDS = {
    "Task": COMMON | FLOW | {"Resource", "Parameters", "ResultSelector", "ResultPath", "Retry", "Catch"}
    | {"TimeoutSeconds", "HeartbeatSeconds"},
    "Pass": COMMON | FLOW | {"Parameters", "Result", "ResultPath"},
    "Wait": COMMON | FLOW | {"Seconds", "SecondsPath", "Timestamp", "TimestampPath"},
    "Choice": COMMON | {"Choices", "Default", "InputPath", "OutputPath"},
    "Parallel": COMMON | FLOW | {"Branches", "Parameters", "ResultSelector", "ResultPath", "Retry", "Catch"},
    "Map": COMMON | FLOW | {"ItemProcessor", "ItemsPath", "ItemSelector", "MaxConcurrency", "ResultSelector"}
    | {"ResultPath", "Retry", "Catch"},
    "Succeed": COMMON | {"InputPath", "OutputPath"},
    "Fail": COMMON | {"Error", "Cause", "ErrorPath", "CausePath"},
}  # fmt: skip


def machines(machine):
    """Yield a machine and those nested in its states."""
    yield machine
    for state in machine["States"].values():
        for nested in [*state.get("Branches", []), *filter(None, [state.get("ItemProcessor")])]:
            yield from machines(nested)


def walk(machine):
    for each in machines(machine):
        yield from each["States"].items()


def targets(state):
    """Name the states one can lead to."""
    found = [state.get("Next"), state.get("Default")]
    found += [choice.get("Next") for choice in state.get("Choices", [])]
    found += [catch.get("Next") for catch in state.get("Catch", [])]
    return {name for name in found if name is not None}


def faults(machine):
    """Name what Step Functions would refuse, or never reach, in one machine without its nested ones."""
    states = machine["States"]
    if machine.get("StartAt") not in states:
        return [f"StartAt {machine.get('StartAt')!r} is no state"]
    found = []
    for name, state in states.items():
        found += [f"{name} leads to {target!r}, which is no state" for target in sorted(targets(state) - states.keys())]
        found += [f"{name}: a {state['Type']} has no {field}" for field in sorted(state.keys() - FIELDS[state["Type"]])]
        ends = [field for field in ("Next", "End") if field in state]
        if state["Type"] not in TERMINAL | {"Choice"} and len(ends) != 1:
            found.append(f"{name} needs either Next or End")
        if state["Type"] == "Choice" and "Default" not in state:
            found.append(f"{name} has no Default: an unforeseen value would end the execution without a catch")
        for rule in [*state.get("Retry", []), *state.get("Catch", [])]:
            if "States.ALL" in rule["ErrorEquals"] and len(rule["ErrorEquals"]) > 1:
                found.append(f"{name}: States.ALL must stand alone")
    reached, waiting = set(), {machine["StartAt"]}
    while waiting:
        name = waiting.pop()
        reached.add(name)
        waiting |= (targets(states[name]) & states.keys()) - reached
    return found + [f"{name} is never reached" for name in sorted(states.keys() - reached)]


@pytest.fixture(params=DEFINITIONS, ids=lambda path: path.name)
def machine(request):
    # Plain JSON before substitution: placeholders may stand only inside strings.
    return json.loads(request.param.read_text())


@pytest.fixture
def ingest():
    return json.loads((ROOT / "state_machines" / "ingest.asl.json").read_text())


def test_execution_cannot_run_for_ever(machine):
    assert machine["TimeoutSeconds"] > 0


def test_every_task_has_a_timeout_a_retry_and_a_catch(machine):
    tasks = {name: state for name, state in walk(machine) if state["Type"] == "Task"}

    incomplete = {name for name, state in tasks.items() if not {"TimeoutSeconds", "Retry", "Catch"} <= state.keys()}

    assert incomplete == set()


def test_every_retry_is_jittered_and_ends(machine):
    retries = [retry for _, state in walk(machine) for retry in state.get("Retry", [])]

    assert {retry.get("JitterStrategy") for retry in retries} == {"FULL"}
    assert all(retry["MaxAttempts"] > 0 and retry["MaxDelaySeconds"] > 0 for retry in retries)


def test_every_catch_takes_all_errors_and_keeps_the_cause(machine):
    catches = [(name, catch) for name, state in walk(machine) for catch in state.get("Catch", [])]

    assert [name for name, catch in catches if catch["ErrorEquals"] != ["States.ALL"]] == []
    assert [name for name, catch in catches if catch.get("ResultPath") in (None, "$")] == []


def test_no_path_leads_nowhere_and_every_state_is_reached(machine):
    assert [fault for each in machines(machine) for fault in faults(each)] == []


@pytest.mark.parametrize(
    ("break_it", "fault"),
    [
        pytest.param(lambda m: m["States"]["Audit"].update(Next="Nowhere"), "Audit leads to 'Nowhere'", id="next"),
        pytest.param(
            lambda m: m["States"]["Audit"]["Catch"][0].update(Next="Gone"), "Audit leads to 'Gone'", id="catch"
        ),
        pytest.param(
            lambda m: m["States"]["HasFiles"].update(Default="Lost"), "HasFiles leads to 'Lost'", id="default"
        ),
        pytest.param(lambda m: m["States"]["HasFiles"].pop("Default"), "HasFiles has no Default", id="no default"),
        pytest.param(
            lambda m: m["States"].update(Island={"Type": "Succeed"}), "Island is never reached", id="unreachable"
        ),
        pytest.param(lambda m: m.update(StartAt="Begin"), "StartAt 'Begin' is no state", id="start"),
        pytest.param(
            lambda m: m["States"]["Audit"].update(Timeout=5), "Audit: a Task has no Timeout", id="unknown field"
        ),
        pytest.param(lambda m: m["States"]["Audit"].pop("Next"), "Audit needs either Next or End", id="no way on"),
    ],
)
def test_the_check_finds_what_is_broken(ingest, break_it, fault):
    broken = copy.deepcopy(ingest)
    break_it(broken)

    assert any(found.startswith(fault) for found in faults(broken))


def test_terraform_fills_every_placeholder():
    text = (ROOT / "state_machines" / "ingest.asl.json").read_text()
    terraform = (ROOT / "terraform" / "modules" / "orchestration" / "main.tf").read_text()
    functions = (ROOT / "terraform" / "modules" / "orchestration" / "functions.tf").read_text()
    wanted = set(PLACEHOLDER.findall(text))
    called = {name.removesuffix("_function_arn") for name in wanted if name.endswith("_function_arn")}

    assert [name for name in called if not re.search(rf"^    {name} = {{$", functions, re.MULTILINE)] == []
    assert [name for name in wanted if name.removesuffix("_function_arn") not in called and name not in terraform] == []


class TestIngest:
    def test_nothing_is_published_before_the_audit_passed(self, ingest):
        into_publish = {name for name, state in ingest["States"].items() if "Publish" in targets(state)}

        assert into_publish == {"AuditPassed"}
        assert ingest["States"]["AuditPassed"]["Default"] == "AuditFailed"

    def test_the_steps_follow_the_design(self, ingest):
        # The way of a batch with rows, a mart and no fault.
        chosen = {"HasFiles": "Transform", "AuditPassed": "Publish", "HasMarts": "Marts"}
        way, name = [], ingest["StartAt"]
        while name != "Done":
            state = ingest["States"][name]
            if state["Type"] == "Task":
                way.append(name)
            name = chosen.get(name) or state["Next"]

        assert way == ["Claim", "Transform", "Audit", "Publish", "Marts", "Reconcile", "Record", "Release"]

    def test_every_failure_is_told_frees_the_dataset_and_ends_red(self, ingest):
        states = ingest["States"]
        caught = {catch["Next"] for state in states.values() for catch in state.get("Catch", [])}

        def ways_from(name):
            """Yield every way on that meets no further fault."""
            onward = targets({field: value for field, value in states[name].items() if field != "Catch"})
            if not onward:
                yield [name]
            for target in onward:
                yield from ([name, *way] for way in ways_from(target))

        for way in (way for name in caught - {"Failed"} for way in ways_from(name)):
            assert way[-2:] == ["ReleaseFailed", "Failed"]

    def test_a_claim_that_keeps_failing_does_not_start_run_after_run(self, ingest):
        states = ingest["States"]

        assert states["HasClaimed"]["Choices"] == [{"Variable": "$.claim", "IsPresent": True, "Next": "ReleaseFailed"}]
        assert states["HasClaimed"]["Default"] == "CoolDown"
        assert states["CoolDown"]["Seconds"] >= 60
        assert states["Claim"]["Catch"][0]["Next"] == "MarkFailed"

    def test_only_jobs_at_their_limit_are_waited_for_long(self, ingest):
        waiting = {
            name
            for name, state in walk(ingest)
            for retry in state.get("Retry", [])
            if retry["ErrorEquals"] == ["GlueConcurrencyError"]
        }

        assert waiting == {"Transform", "Marts"}

    def test_a_failed_audit_is_an_answer_and_never_retried(self, ingest):
        retried = {
            error for _, state in walk(ingest) for retry in state.get("Retry", []) for error in retry["ErrorEquals"]
        }

        assert "AuditFailed" not in retried
        assert not {error for error in retried if error.startswith("GlueJob")}

    def test_a_step_outlives_the_function_it_calls(self, ingest):
        functions = (ROOT / "terraform" / "modules" / "orchestration" / "functions.tf").read_text()

        for name, state in ingest["States"].items():
            if not state.get("Resource", "").endswith("lambda:invoke"):
                continue
            function = PLACEHOLDER.match(state["Parameters"]["FunctionName"])[1].removesuffix("_function_arn")
            block = re.search(rf"^    {function} = {{$(.*?)^    }}$", functions, re.DOTALL | re.MULTILINE)[1]
            timeout = re.search(r"timeout_seconds += (\d+)", block)
            assert state["TimeoutSeconds"] > int(timeout[1] if timeout else 60), name
