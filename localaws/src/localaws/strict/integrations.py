"""The optimized integrations of Step Functions, and the calls that they make."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from localaws.strict.services import Service


class Integration(NamedTuple):
    """An optimized integration of Step Functions: service, prefix of its errors, name of errors not in the model."""

    service: str
    prefix: str
    other_error: str


INTEGRATIONS = {
    "athena": Integration("athena", "Athena", "AmazonAthenaException"),
    "dynamodb": Integration("dynamodb", "DynamoDB", "AmazonDynamoDBException"),
    "ecs": Integration("ecs", "ECS", "AmazonECSException"),
    "emr-serverless": Integration("emr-serverless", "EmrServerless", "AWSEMRServerlessException"),
    "events": Integration("events", "EventBridge", "AmazonEventBridgeException"),
    "glue": Integration("glue", "Glue", "AWSGlueException"),
    "lambda": Integration("lambda", "Lambda", "AWSLambdaException"),
    "sns": Integration("sns", "SNS", "AmazonSNSException"),
    "sqs": Integration("sqs", "SQS", "AmazonSQSException"),
    "states": Integration("states", "StepFunctions", "AWSStepFunctionsException"),
}
INTEGRATION = re.compile(r"arn:[^:]+:states:::(?P<service>[\w-]+):(?P<action>\w+)")


def members_of(rules: Service, operation: str, data: dict[str, Any]) -> dict[str, Any]:
    """Return the members of an integration's call: its names begin in upper case, and its texts may be JSON values."""
    model = rules.operation(operation)
    if model is None or model.input_shape is None:
        return {}
    members = {}
    for name, shape in model.input_shape.members.items():
        value = data.get(name, data.get(name[:1].upper() + name[1:]))
        as_text = shape.type_name == "string" and isinstance(value, dict | list)
        members[name] = json.dumps(value) if as_text else value
    # Step Functions makes the token of a call that gives none, as SDKs do.
    return dict.fromkeys(model.idempotent_members, "made") | {
        name: value for name, value in members.items() if value is not None or name not in model.idempotent_members
    }
