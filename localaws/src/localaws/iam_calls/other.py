"""CloudWatch Logs and metrics, Athena, KMS, Secrets Manager, STS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from localaws.iam_calls.model import Needed

if TYPE_CHECKING:
    from localaws.iam_calls.model import Call, Lookups

OF_QUERIES: Final = frozenset(
    {"GetQueryExecution", "GetQueryResults", "GetQueryRuntimeStatistics", "StopQueryExecution"}
)
_KMS_ACTIONS: Final = {"ReEncrypt": ("ReEncryptFrom", "ReEncryptTo")}


def of_logs(call: Call, _lookups: Lookups) -> list[Needed]:
    """Return what a call to CloudWatch Logs needs: AWS names a log group by the ARN of its (empty) log stream."""
    group, stream = call.text("logGroupName", "logGroupIdentifier"), call.text("logStreamName")
    resource = call.arn(f"log-group:{group}:log-stream:{stream}") if group else "*"
    return [Needed(f"logs:{call.operation}", resource)]


def of_metrics(call: Call, _lookups: Lookups) -> list[Needed]:
    """Return what a call to CloudWatch needs; metrics have no resource, but a namespace."""
    namespace = call.text("Namespace")
    context = {"cloudwatch:namespace": namespace} if namespace else {}
    return [Needed(f"cloudwatch:{call.operation}", context=context)]


def of_queries(call: Call, lookups: Lookups) -> list[Needed]:
    """Return what a call to Athena needs: the workgroup, also for a query that is named by its id."""
    group = call.text("WorkGroup")
    if call.operation in OF_QUERIES:
        group = lookups.workgroup_of_query(call.text("QueryExecutionId"))
    elif call.operation == "StartQueryExecution":
        group = group or "primary"
    return [Needed(f"athena:{call.operation}", call.arn(f"workgroup/{group}") if group else "*")]


def of_keys(call: Call, _lookups: Lookups) -> list[Needed]:
    """Return what a call to KMS needs."""
    key = call.text("KeyId")
    resource = key if key.startswith("arn:") else call.arn(f"key/{key}") if key else "*"
    return [Needed(f"kms:{action}", resource) for action in _KMS_ACTIONS.get(call.operation, (call.operation,))]


def of_secrets(call: Call, lookups: Lookups) -> list[Needed]:
    """Return what a call to Secrets Manager needs: six characters of a secret's ARN are known to the service alone."""
    name = call.text("SecretId", "Name")
    resource = (lookups.arn_of_secret(name) or call.arn(f"secret:{name}")) if name else "*"
    return [Needed(f"secretsmanager:{call.operation}", resource)]


def of_roles(call: Call, _lookups: Lookups) -> list[Needed]:
    """Return what a call to STS needs: the role that is assumed, whose trust policy has to allow it too."""
    return [Needed(f"sts:{call.operation}", call.text("RoleArn") or "*")]
