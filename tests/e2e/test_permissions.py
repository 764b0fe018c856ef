"""What roles may do is what they do: all calls of the tests before this one, compared with the policies of Terraform.

The embedded AWS refuses requests that policies do not allow, and has logged all calls that roles made, those of state
machines, event source mappings, crawlers and Glue included. Here each is decided again by the rules of AWS, with what
AWS checks and the embedded AWS does not: rights on keys, logs and queues, and exact resources.
"""

import json
from pathlib import Path

import pytest

from cartlake_cli.commands.local.up import terraform
from tests.iam_proof import Deployed, read_calls, read_reasons

pytestmark = pytest.mark.e2e

REASONS = Path(__file__).with_name("unused_permissions.toml")
FOLDER = Path(__file__).parent
ACCOUNT = "000000000000"
STRANGER = "111111111111"
ON_PURPOSE = "table/no-such-table"
"""What a test has a function call that has no such right."""
USES_OF_KEY = ("kms:Decrypt", "kms:GenerateDataKey")


@pytest.fixture(scope="module")
def deployed(lake):
    return Deployed(json.loads(terraform(lake, "show", "-json")))


@pytest.fixture(scope="module")
def calls(lake):
    with (lake.home / "logs" / "iam_calls.jsonl").open() as lines:
        return read_calls(lines)


def test_no_call_would_be_refused(deployed, calls, capsys):
    expected = {right for right in calls.rights if right.resource.endswith(ON_PURPOSE)}
    # test_roles.py has people and producers try what they may not.
    expected |= {right for right in calls.refused if right.role in deployed.roles_of_people}
    refused = {right: reason for right in sorted(calls.rights - expected) if (reason := deployed.refused(right))}

    with capsys.disabled():
        actions = {right.action for right in calls.rights}
        roles = {right.role for right in calls.rights}
        print(  # noqa: T201 -- the numbers are part of the proof
            f"\nIAM: {calls.count} calls of {len(roles)} roles, {len(calls.rights)} different, {len(actions)} actions"
        )
    assert refused == {}
    assert calls.refused - expected == set()


def test_no_action_is_allowed_that_nothing_uses(request, deployed, calls):
    ran = {item.path for item in request.session.items}
    if missing := set(FOLDER.glob("test_*.py")) - ran:
        pytest.skip(f"only the whole suite uses all permissions; these did not run: {sorted(p.name for p in missing)}")
    reasons = read_reasons(REASONS)
    unused = deployed.unused(calls.rights)

    assert sorted(one for one in unused if not any(reason.covers(one) for reason in reasons)) == []
    lasting = [reason for reason in reasons if not reason.sometimes]
    assert [reason for reason in lasting if not any(reason.covers(one) for one in unused)] == [], "no longer needed"


def encrypted(deployed, resource):
    [key] = {key["arn"] for key in deployed.of_type("aws_kms_key")}
    return [(action, key) for action in USES_OF_KEY] + [resource]


def test_rules_deliver_to_queues_and_dead_letters_of_this_account_only(deployed):
    rules = {rule["name"]: rule["arn"] for rule in deployed.of_type("aws_cloudwatch_event_rule")}
    targets = deployed.of_type("aws_cloudwatch_event_target")
    places = {
        (rules[target["rule"]], arn)
        for target in targets
        for arn in (target["arn"], *(letters["arn"] for letters in target["dead_letter_config"]))
        if ":sqs:" in arn
    }

    assert len(places) > len(targets) / 2
    for rule, queue in places:
        for action, resource in encrypted(deployed, ("sqs:SendMessage", queue)):
            sent = {"aws_SourceArn": rule, "aws_SourceAccount": ACCOUNT}
            foreign = {"aws_SourceArn": rule.replace(ACCOUNT, STRANGER), "aws_SourceAccount": STRANGER}
            assert deployed.receives("events.amazonaws.com", action, resource, **sent), (action, resource, rule)
            assert not deployed.receives("events.amazonaws.com", action, resource, **foreign)


def test_no_rule_has_a_topic_as_target(deployed):
    """For topics EventBridge does not send `aws:SourceAccount`, which the policy of the key asks for."""
    assert [one["arn"] for one in deployed.of_type("aws_cloudwatch_event_target") if ":sns:" in one["arn"]] == []


def test_alarms_reach_the_encrypted_topic_from_this_account_only(deployed):
    for alarm in deployed.of_type("aws_cloudwatch_metric_alarm"):
        for topic in alarm["alarm_actions"]:
            for action, resource in encrypted(deployed, ("sns:Publish", topic)):
                sent = {"aws_SourceArn": alarm["arn"], "aws_SourceAccount": ACCOUNT}
                assert deployed.receives("cloudwatch.amazonaws.com", action, resource, **sent), (action, resource)
                foreign = {"aws_SourceAccount": STRANGER}
                assert not deployed.receives("cloudwatch.amazonaws.com", action, resource, **foreign)


def test_rules_may_call_their_functions(deployed):
    """A call of an alias needs a permission of that alias: one of the function is not enough."""
    permitted = {
        (
            ":".join(filter(None, (one["function_name"].rpartition(":function:")[2], one["qualifier"]))),
            one["source_arn"],
        )
        for one in deployed.of_type("aws_lambda_permission")
        if (one["principal"], one["action"]) == ("events.amazonaws.com", "lambda:InvokeFunction")
    }
    rules = {rule["name"]: rule["arn"] for rule in deployed.of_type("aws_cloudwatch_event_rule")}
    called = {
        (target["arn"].rpartition(":function:")[2], rules[target["rule"]])
        for target in deployed.of_type("aws_cloudwatch_event_target")
        if ":lambda:" in target["arn"]
    }

    assert called
    assert called - permitted == set()


def takers(deployed, role, account):
    """The services that may take a role for their resources in an account."""
    machines = {one["role_arn"].rpartition("/")[2]: one["arn"] for one in deployed.of_type("aws_sfn_state_machine")}
    source = machines.get(role, f"arn:aws:scheduler:us-east-1:{account}:schedule-group/default")
    return [
        service
        for service in ("glue", "lambda", "scheduler", "states")
        if deployed.may_take(f"{service}.amazonaws.com", role, aws_SourceAccount=account, aws_SourceArn=source)
    ]


def test_roles_are_taken_by_one_service_for_this_account_only(deployed):
    of_services = set(deployed.roles) - deployed.roles_of_people
    of_this = {role: takers(deployed, role, ACCOUNT) for role in of_services}
    of_another = {role: takers(deployed, role, STRANGER) for role in of_services}

    assert [role for role in deployed.roles_of_people if takers(deployed, role, ACCOUNT)] == []
    assert {role: found for role, found in of_this.items() if len(found) != 1} == {}
    assert {found for [found] in of_this.values()} == {"glue", "lambda", "scheduler", "states"}
    # Lambda sends no account; a function and its role are always in the same one.
    assert {role: found for role, found in of_another.items() if found not in ([], ["lambda"])} == {}
