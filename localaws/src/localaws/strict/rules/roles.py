"""Roles that a service must be able to assume before it takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localaws.strict.rules.documents import as_list, statements, strings
from localaws.strict.rules.rule import Refusal, rule

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localaws.strict.rules.rule import Account

LAMBDA, STATES, EVENTS, SCHEDULER, EMR_SERVERLESS = (
    f"{name}.amazonaws.com" for name in ("lambda", "states", "events", "scheduler", "emr-serverless")
)


def is_trusted(trust_policy: str, principal: str) -> bool:
    """Return whether a trust policy names a service of AWS. Conditions are not asked: they depend on the caller."""
    return any(
        statement.get("Effect") == "Allow"
        and isinstance(statement.get("Principal"), dict)
        and principal in as_list(statement["Principal"].get("Service"))
        and {"sts:AssumeRole", "sts:*", "*"} & {*strings(statement, "Action")}
        for statement in statements(trust_policy)
    )


def _is_assumed(account: Account, role: Any, principal: str) -> bool:
    policy = account.trust_policy(role) if role else None
    return policy is None or is_trusted(policy, principal)


@rule("lambda", "CreateFunction", "UpdateFunctionConfiguration")
def function_role(members: Mapping[str, Any], account: Account) -> Refusal | None:
    """Refuse a role that Lambda may not assume."""
    if _is_assumed(account, members.get("Role"), LAMBDA):
        return None
    problem = "The role defined for the function cannot be assumed by Lambda."
    return Refusal("InvalidParameterValueException", problem)


@rule("stepfunctions", "CreateStateMachine", "UpdateStateMachine")
def machine_role(members: Mapping[str, Any], account: Account) -> Refusal | None:
    """Refuse a role that Step Functions may not assume."""
    if _is_assumed(account, members.get("roleArn"), STATES):
        return None
    problem = f"Neither the global service principal {STATES}, nor the regional one is authorized to assume"
    return Refusal("AccessDeniedException", f"{problem} the provided role.")


@rule("events", "PutTargets")
def target_role(members: Mapping[str, Any], account: Account) -> Refusal | None:
    """Refuse the role of a target that EventBridge may not assume."""
    roles = [target.get("RoleArn") for target in members.get("Targets") or () if isinstance(target, dict)]
    refused = next((role for role in roles if not _is_assumed(account, role, EVENTS)), None)
    if refused is None:
        return None
    return Refusal("ValidationException", f"Provided role '{refused}' cannot be assumed by principal '{EVENTS}'.")


@rule("scheduler", "CreateSchedule", "UpdateSchedule")
def schedule_role(members: Mapping[str, Any], account: Account) -> Refusal | None:
    """Refuse the role of a schedule that EventBridge Scheduler may not assume."""
    if _is_assumed(account, (members.get("Target") or {}).get("RoleArn"), SCHEDULER):
        return None
    problem = "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
    return Refusal("ValidationException", problem)


@rule("emr-serverless", "StartJobRun")
def job_run_role(members: Mapping[str, Any], account: Account) -> Refusal | None:
    """Refuse the role of a job run that EMR Serverless may not assume."""
    role = members.get("executionRoleArn")
    if _is_assumed(account, role, EMR_SERVERLESS):
        return None
    problem = f"Execution role {role} cannot be assumed by EMR Serverless: its trust policy must name {EMR_SERVERLESS}"
    return Refusal("ValidationException", problem)
