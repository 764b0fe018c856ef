"""Every workflow in state_machines/ has what an on-call engineer relies on.

The embedded AWS accepts any definition, also a `Next` that leads nowhere, so the graph is checked here.
"""

import copy
import json
import re
from pathlib import Path

import pytest

from cartlake.runs.folder import Step
from cartlake.runs.ids import Workflow
from lambdas.job_events.domain import INFRASTRUCTURE_ERRORS
from lambdas.job_starter.domain import JobRequest
from lambdas.light_loader.domain import StepRequest
from lambdas.run_recorder.domain import TOO_LARGE
from lambdas.run_recorder.rejections import RejectFiles

ROOT = Path(__file__).parents[2]
MODULES = ROOT / "terraform" / "modules"
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
    return definition("ingest")


@pytest.fixture
def refresh():
    return definition("refresh")


@pytest.fixture
def maintenance():
    return definition("maintenance")


def definition(name):
    return json.loads((ROOT / "state_machines" / f"{name}.asl.json").read_text())


def steps(machine, chosen):
    """Name the tasks on the way without a fault, through the choices given."""
    way, name = [], machine["StartAt"]
    while name:
        state = machine["States"][name]
        if state["Type"] == "Task":
            way.append(name)
        name = chosen.get(name) or state.get("Next")
    return way


def payload(state):
    """What a step sends to its function: JSON, or a path into the state, by field."""
    return {field.removesuffix(".$"): value for field, value in state["Parameters"]["Payload"].items()}


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


CALL = [
    "Lambda.AWSLambdaException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.SdkClientException",
    "Lambda.ServiceException",
    "TransientError",
]
"""Lambda did not run the function, or the function says that trying again may help."""

THROTTLED = ["Lambda.TooManyRequestsException"]
"""All that the account may run at once is at work: a burst of files takes minutes, and no fault of the function."""

ENDED = ["Lambda.Unknown", "Runtime.ExitError", "Runtime.OutOfMemory", "Sandbox.Timedout"]
"""Lambda ended the function: out of memory or out of time."""


def test_every_call_of_a_function_is_retried_by_the_names_lambda_gives(machine):
    called = {name: state for name, state in walk(machine) if "lambda:invoke" in state.get("Resource", "")}

    assert called
    for name, state in called.items():
        errors = [retry["ErrorEquals"] for retry in state["Retry"]]
        own = [named for named in errors if not named[0].startswith(("Emr", "Glue"))]
        assert own == [CALL, THROTTLED, *([] if name.startswith("Light") else [ENDED])], name


def test_a_step_waits_for_its_turn_for_many_minutes(machine):
    """Where a hundred datasets get files at once, and ten functions may run at once, the last wait for a long time."""
    retries = [retry for _, state in walk(machine) for retry in state.get("Retry", [])]
    throttled = [retry for retry in retries if retry["ErrorEquals"] == THROTTLED]

    assert throttled
    for retry in throttled:
        delays = [
            min(retry["IntervalSeconds"] * retry["BackoffRate"] ** number, retry["MaxDelaySeconds"])
            for number in range(retry["MaxAttempts"])
        ]
        assert sum(delays) / 2 >= 900  # with full jitter, half of the delay is waited on average


def test_every_catch_takes_all_errors_and_keeps_the_cause(machine):
    catches = [(name, catch) for name, state in walk(machine) for catch in state.get("Catch", [])]

    last = [(name, state["Catch"][-1]) for name, state in walk(machine) if state.get("Catch")]
    first = {name for name, state in walk(machine) if len(state.get("Catch", [])) > 1}
    of_files = {name for name, state in walk(machine) if "RejectFiles" in targets(state)}

    assert [name for name, catch in last if catch["ErrorEquals"] != ["States.ALL"]] == []
    assert first - {"Publish"} == {name for name in machine["States"] if name.startswith("Light")} | of_files
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


def function_block(name):
    """Return what Terraform gives one function that a machine may call: a member of a map, or a call of its own."""
    files = ("workflows/functions.tf", "light_engine/main.tf", "coordinator/main.tf")
    declared = "\n".join((MODULES / file).read_text() for file in files)
    found = re.search(rf'^    {name} = {{$.*?^    }}$|^module "{name}" {{$.*?^}}$', declared, re.DOTALL | re.MULTILINE)
    return found[0] if found else ""


@pytest.mark.parametrize("path", DEFINITIONS, ids=lambda path: path.name)
def test_terraform_fills_every_placeholder(path):
    terraform = "".join((MODULES / name / "main.tf").read_text() for name in ("workflows", "state_machine"))
    wanted = set(PLACEHOLDER.findall(path.read_text()))
    called = {name.removesuffix("_function_arn") for name in wanted if name.endswith("_function_arn")}

    assert [name for name in called if not function_block(name)] == []
    assert [name for name in wanted if name.removesuffix("_function_arn") not in called and name not in terraform] == []


def test_terraform_makes_every_machine_and_knows_which_step_waits_for_its_job():
    terraform = (MODULES / "workflows" / "main.tf").read_text()
    found = re.findall(r"^    (\w+) += \{ steps = (\[.*\]), job = \"(\w+)\" \}$", terraform, re.MULTILINE)
    made = [(machine, step, job) for machine, steps, job in found for step in json.loads(steps)]

    waiting = {
        (path.name.removesuffix(".asl.json"), name)
        for path in DEFINITIONS
        for name, state in walk(json.loads(path.read_text()))
        if state.get("Resource", "").endswith("waitForTaskToken")
    }

    assert {(machine, step) for machine, step, _ in made} == waiting
    assert [job for _, _, job in made if not (ROOT / "glue_jobs" / job / "main.py").exists()] == []


def test_a_job_is_asked_for_as_the_starter_understands(machine):
    starts = [state for _, state in walk(machine) if state.get("Resource", "").endswith("waitForTaskToken")]

    for asked in map(payload, starts):
        assert asked.keys() == JobRequest.model_fields.keys()
        JobRequest.model_validate(asked)


def test_a_run_that_ended_well_frees_its_place_last(machine):
    states = machine["States"]

    assert {name for name, state in states.items() if state.get("End") or state["Type"] == "Succeed"} == {"Release"}
    assert payload(states["Release"]) == payload(states["ReleaseFailed"]) | payload(states["Release"])
    assert payload(states["Release"]).keys() - payload(states["ReleaseFailed"]).keys() <= {"then_start"}
    assert payload(states["Release"])["action"] == "release"


def test_every_failure_is_told_frees_the_dataset_and_ends_red(machine):
    states = machine["States"]
    # A refresh has succeeded when its tiles are written, and stays so without them.
    judged = [state for name, state in states.items() if name != "WriteTiles"]
    caught = {catch["Next"] for state in judged for catch in state.get("Catch", [])}

    def ways_from(name):
        """Yield every way on that meets no further fault."""
        onward = targets({field: value for field, value in states[name].items() if field != "Catch"})
        if not onward:
            yield [name]
        for target in onward:
            yield from ([name, *way] for way in ways_from(target))

    # The step is done by Spark, the run is repeated, or goes on without some files: no failure yet.
    again = {name for name in caught if name.startswith("FallBack") or name in ("RejectFiles", "Repeat")}
    for way in (way for name in caught - {"Failed"} - again for way in ways_from(name)):
        assert way[-2:] == ["ReleaseFailed", "Failed"]


@pytest.mark.parametrize("name", ["ingest", "refresh"])
def test_a_claim_that_keeps_failing_does_not_start_run_after_run(name):
    states = definition(name)["States"]

    claimed, *others = states["HasClaimed"]["Choices"]
    # Not `$.claim`: both may have waited.
    variable = {"ingest": "$.claim.Payload.manifest_uri", "refresh": "$.claim.Payload.plan_uri"}[name]
    assert claimed == {"Variable": variable, "IsPresent": True, "Next": "ReleaseFailed"}
    assert {choice["StringEquals"] for choice in others} <= {"BackfillError"}  # which is not retried
    assert states["HasClaimed"]["Default"] == "CoolDown"
    assert states["CoolDown"]["Seconds"] >= 60
    assert states["Claim"]["Catch"][0]["Next"] == "MarkFailed"


def test_a_step_outlives_the_function_it_calls(machine):
    for name, state in machine["States"].items():
        if not state.get("Resource", "").endswith("lambda:invoke"):
            continue
        function = PLACEHOLDER.match(state["Parameters"]["FunctionName"])[1].removesuffix("_function_arn")
        timeout = re.search(r"timeout_seconds += (\d+)", function_block(function))
        assert state["TimeoutSeconds"] > int(timeout[1] if timeout else 60), name


def test_only_jobs_at_their_limit_are_waited_for_long(machine):
    waiting = {
        name
        for name, state in walk(machine)
        for retry in state.get("Retry", [])
        if retry["ErrorEquals"] == ["GlueConcurrencyError"]
    }

    assert (
        waiting == {name for name, state in walk(machine) if "waitForTaskToken" in state.get("Resource", "")} != set()
    )


def test_a_job_is_started_again_after_faults_of_its_runner_only(machine):
    """At most twice. What a job says of itself is repeated only where the work is sure to turn out the same."""
    retried = {
        (name, error): retry["MaxAttempts"]
        for name, state in walk(machine)
        for retry in state.get("Retry", [])
        for error in retry["ErrorEquals"]
        if error.startswith(("Emr", "Glue")) and error != "GlueConcurrencyError"
    }
    jobs = {name for name, state in walk(machine) if "waitForTaskToken" in state.get("Resource", "")}

    for infrastructure_error in INFRASTRUCTURE_ERRORS:
        assert {name for name, error in retried if error == infrastructure_error} == jobs
    assert set(retried.values()) == {2}
    assert {name for name, error in retried if error not in INFRASTRUCTURE_ERRORS} <= {"SupersedeQuarantine"}


def test_the_steps_of_jobs_are_those_of_the_vocabulary():
    named = {
        str(payload(state)["step"])
        for path in DEFINITIONS
        for state in json.loads(path.read_text())["States"].values()
        if state.get("Resource", "").endswith(".waitForTaskToken")
    }

    assert named == set(Step)


class TestIngest:
    def test_nothing_is_published_before_the_audit_passed(self, ingest):
        into_publish = {name for name, state in ingest["States"].items() if "Publish" in targets(state)}

        assert into_publish == {"AuditPassed"}  # also when a run is repeated: what is written anew is audited anew
        assert ingest["States"]["AuditPassed"]["Default"] == "AuditFailed"

    def test_the_steps_follow_the_design(self, ingest):
        with_rows = {"HasFiles": "Transform", "AuditPassed": "Publish", "IsBackfill": "Record"}

        way = steps(ingest, with_rows)

        assert way == ["Claim", "Transform", "Audit", "Publish", "Record", "Release"]

    def test_what_fails_after_the_rows_were_published_still_makes_their_tables_stale(self, ingest):
        after = [name for name, state in ingest["States"].items() if "MarkPublishedFailed" in targets(state)]

        assert after == ["LightSupersedeQuarantine", "FallBackQuarantine", "SupersedeQuarantine", "Record"]
        failed = payload(ingest["States"]["MarkPublishedFailed"])
        assert failed["published_snapshot_id"] == "$.publish.Payload.published_snapshot_id"
        assert payload(ingest["States"]["Record"])["published_snapshot_id"] == failed["published_snapshot_id"]

    def test_the_quarantine_follows_a_backfill_once_its_rows_are_published(self, ingest):
        way = steps(ingest, {"HasFiles": "Transform", "AuditPassed": "Publish", "IsBackfill": "SupersedeQuarantine"})

        assert way[3:6] == ["Publish", "SupersedeQuarantine", "Record"]
        assert ingest["States"]["IsBackfill"]["Default"] == "Record"

    def test_the_engine_of_the_claim_does_the_work(self, ingest):
        way = steps(ingest, {"HasFiles": "LightTransform", "AuditPassed": "Publish", "IsBackfill": "Record"})

        assert way == ["Claim", "LightTransform", "Audit", "Publish", "Record", "Release"]
        _, empty, fell_back, light = ingest["States"]["HasFiles"]["Choices"]
        assert (light["Variable"], light["StringEquals"]) == ("$.claim.Payload.runner", "light")
        assert empty["NumericEquals"] == 0  # and stands first: an empty batch has no runner
        assert fell_back == {"Variable": "$.light_failure", "IsPresent": True, "Next": "Transform"}

    @pytest.mark.parametrize("step", ["LightTransform", "LightSupersedeQuarantine"])
    def test_a_light_step_falls_back_for_want_of_room_and_never_for_the_data(self, ingest, step):
        states = ingest["States"]
        fall_back, *_, others = states[step]["Catch"]

        assert {*ENDED, *CALL, "EngineLimitError", "MemoryError", "States.Timeout"} - {"TransientError"} <= set(
            fall_back["ErrorEquals"]
        )
        assert not {"TransientError", "TerminalError", "States.ALL", "States.TaskFailed"} & set(
            fall_back["ErrorEquals"]
        )
        assert states[fall_back["Next"]]["Next"] == step.removeprefix("Light")
        assert payload(states[fall_back["Next"]])["action"] == "fall_back"
        assert payload(states[step])["step"] == payload(states[fall_back["Next"]])["step"]
        assert others["Next"] == states[step.removeprefix("Light")]["Catch"][-1]["Next"]

    def test_what_is_remembered_as_too_large_is_what_falls_back(self, ingest):
        names = set(ingest["States"]["LightTransform"]["Catch"][0]["ErrorEquals"])

        assert names > TOO_LARGE
        assert {*ENDED, "EngineLimitError"} <= TOO_LARGE

    def test_a_light_step_is_asked_for_as_the_loader_understands(self, ingest):
        for step in ("LightTransform", "LightSupersedeQuarantine"):
            asked = payload(ingest["States"][step])
            assert asked.keys() == StepRequest.model_fields.keys()
            StepRequest.model_validate(asked)

    def test_a_batch_without_files_only_frees_the_dataset(self, ingest):
        assert steps(ingest, {"HasFiles": ingest["States"]["HasFiles"]["Choices"][1]["Next"]}) == ["Claim", "Release"]

    def test_a_run_in_the_gather_window_waits_and_then_claims(self, ingest):
        states = ingest["States"]
        waiting = states["HasFiles"]["Choices"][0]

        assert (waiting["Next"], states["Gather"]["Next"]) == ("Gather", "Claim")
        # Claim answers so many seconds only to an execution that has not waited: `claim` is not in its state yet.
        assert states["Gather"]["SecondsPath"] == "$.claim.Payload.wait_seconds"
        assert payload(states["Claim"])["execution"] == "$"
        # A claim of a function that is older than the machine has no such field.
        assert {"Variable": "$.claim.Payload.wait_seconds", "IsPresent": True} in waiting["And"]

    @pytest.mark.parametrize("step", ["LightTransform", "Transform"])
    def test_bad_files_are_taken_out_and_the_others_loaded_by_the_engine_that_was_at_work(self, ingest, step):
        states = ingest["States"]
        [bad] = [catch for catch in states[step]["Catch"] if catch["Next"] == "RejectFiles"]
        [again] = states["FilesLeft"]["Choices"]

        assert bad == {"ErrorEquals": ["BadFilesError"], "ResultPath": "$.failure", "Next": "RejectFiles"}
        assert RejectFiles.model_validate(payload(states["RejectFiles"]) | {"run_id": "r"})
        assert (again["Next"], states["FilesLeft"]["Default"]) == ("HasFiles", "Discard")
        assert states["RejectFiles"]["Catch"][0]["Next"] == "Discard"
        assert states["RejectFiles"]["Catch"][0]["ResultPath"] != "$.failure"  # which says what the files' fault was

    def test_the_rebuilding_of_stale_tables_is_asked_for_once_they_are_marked(self, ingest):
        asked = ingest["States"]["Release"]

        assert payload(asked)["then_start"] == Workflow.REFRESH
        assert asked["Parameters"]["FunctionName"] == "${run_coordinator_function_arn}"
        before = {name for name, state in ingest["States"].items() if "Release" in targets(state)}
        assert before == {"HasFiles", "Record"}

    def test_what_was_published_is_not_discarded_when_only_its_refresh_cannot_start(self, ingest):
        assert ingest["States"]["Release"]["Catch"][0]["Next"] == "NotifyFailure"

    def test_a_failed_audit_is_an_answer_and_never_retried(self, ingest):
        retried = {
            error for _, state in walk(ingest) for retry in state.get("Retry", []) for error in retry["ErrorEquals"]
        }

        assert "AuditFailed" not in retried
        load = {error for retry in ingest["States"]["Transform"]["Retry"] for error in retry["ErrorEquals"]}
        assert not {error for error in load if error.startswith("GlueJob")}


class TestRefresh:
    def test_the_steps_follow_the_design(self, refresh):
        assert steps(refresh, {"HasTables": "Rebuild"}) == ["Claim", "Rebuild", "Record", "WriteTiles", "Release"]

    def test_with_nothing_stale_no_job_is_started(self, refresh):
        loading, nothing, light = refresh["States"]["HasTables"]["Choices"]

        assert loading == {"Variable": "$.claim.Payload.wait_seconds", "NumericGreaterThan": 0, "Next": "Gather"}
        assert refresh["States"]["Gather"]["SecondsPath"] == "$.claim.Payload.wait_seconds"
        assert refresh["States"]["Gather"]["Next"] == "Claim"
        assert nothing == {"Variable": "$.claim.Payload.table_count", "NumericEquals": 0, "Next": "Release"}
        assert steps(refresh, {"HasTables": nothing["Next"]}) == ["Claim", "Release"]
        assert light == {"Variable": "$.claim.Payload.runner", "StringEquals": "light", "Next": "LightRebuild"}
        assert steps(refresh, {"HasTables": "LightRebuild"}) == [
            *["Claim", "LightRebuild", "Record"],
            *["WriteTiles", "Release"],
        ]

    def test_tiles_that_cannot_be_written_fail_no_run_and_keep_no_lock(self, refresh):
        tiles = refresh["States"]["WriteTiles"]

        assert (tiles["Next"], [catch["Next"] for catch in tiles["Catch"]]) == ("Release", ["Release"])
        assert tiles["ResultPath"] is None

    def test_what_is_too_large_for_a_function_is_rebuilt_by_spark(self, refresh):
        limits, rest = refresh["States"]["LightRebuild"]["Catch"]

        assert {"EngineLimitError", "Sandbox.Timedout", "Runtime.OutOfMemory", "Runtime.ImportModuleError"} <= set(
            limits["ErrorEquals"]
        )
        assert not {"RefreshError", "TerminalError", "States.TaskFailed"} & set(limits["ErrorEquals"])
        assert (limits["Next"], rest["Next"]) == ("FallBackRebuild", "MarkFailed")
        assert payload(refresh["States"]["FallBackRebuild"])["step"] == "refresh"
        assert refresh["States"]["FallBackRebuild"]["Next"] == "Rebuild"

    def test_the_planner_gets_the_whole_input_so_that_a_check_reaches_it(self, refresh):
        assert refresh["States"]["Claim"]["Parameters"]["Payload.$"] == "$"

    @pytest.mark.parametrize("step", ["Claim", "Rebuild", "Record"])
    def test_what_could_not_be_rebuilt_is_marked_failed_so_that_it_stays_stale(self, refresh, step):
        assert refresh["States"][step]["Catch"][0]["Next"] == "MarkFailed"
        assert payload(refresh["States"]["MarkFailed"])["action"] == "fail"

    def test_its_jobs_report_is_recorded(self, refresh):
        assert payload(refresh["States"]["Record"]) == {
            "action": "record_refresh",
            "run_id": "$.run_id",
            "report_uri": "$.rebuild.report_uri",
        }
        assert refresh["States"]["Rebuild"]["ResultPath"] == "$.rebuild"

    def test_a_job_that_failed_is_not_started_again(self, refresh):
        retried = {error for retry in refresh["States"]["Rebuild"]["Retry"] for error in retry["ErrorEquals"]}

        assert not {
            error for error in retried if error.startswith("GlueJob") or error in ("States.ALL", "RefreshError")
        }


class TestMaintenance:
    def test_the_steps_follow_the_design(self, maintenance):
        assert steps(maintenance, {"HasTables": "Maintain"}) == ["Plan", "Maintain", "Record", "Release"]

    def test_where_nothing_would_pay_no_job_is_started(self, maintenance):
        [nothing] = maintenance["States"]["HasTables"]["Choices"]

        assert nothing == {"Variable": "$.plan.Payload.table_count", "NumericEquals": 0, "Next": "Release"}
        assert steps(maintenance, {"HasTables": nothing["Next"]}) == ["Plan", "Release"]

    def test_the_planner_gets_the_whole_input_so_that_what_was_asked_for_reaches_it(self, maintenance):
        assert maintenance["States"]["Plan"]["Parameters"]["Payload.$"] == "$"

    def test_its_jobs_report_is_recorded(self, maintenance):
        assert payload(maintenance["States"]["Record"]) == {
            "action": "record_maintenance",
            "run_id": "$.run_id",
            "report_uri": "$.maintain.report_uri",
        }

    @pytest.mark.parametrize("step", ["Plan", "Maintain", "Record"])
    def test_a_failure_is_put_on_record_and_frees_what_was_held(self, maintenance, step):
        states = maintenance["States"]

        assert states[step]["Catch"][0]["Next"] == "MarkFailed"
        assert payload(states["ReleaseFailed"])["action"] == "release"

    def test_a_job_that_failed_is_not_started_again(self, maintenance):
        retried = {error for retry in maintenance["States"]["Maintain"]["Retry"] for error in retry["ErrorEquals"]}

        assert not {error for error in retried if error.startswith("GlueJob") or error == "States.ALL"}
