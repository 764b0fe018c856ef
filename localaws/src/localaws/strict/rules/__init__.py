"""What AWS refuses beyond its service models: sizes, counts, and settings that exclude each other.

A rule is a function of the members of a call, with their names in the request. `refusal` applies those of a call.
"""

from localaws.strict.rules import (
    cloudwatch,
    glue,
    iam,
    lambda_,
    messages,
    resource_policies,
    roles,
    s3,
    state_machines,
    tags,
)
from localaws.strict.rules.rule import RULES, Account, EmptyAccount, Refusal, refusal

__all__ = [
    "RULES",
    "Account",
    "EmptyAccount",
    "Refusal",
    "cloudwatch",
    "glue",
    "iam",
    "lambda_",
    "messages",
    "refusal",
    "resource_policies",
    "roles",
    "s3",
    "state_machines",
    "tags",
]
