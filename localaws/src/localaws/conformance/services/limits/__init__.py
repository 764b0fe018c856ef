"""The limits of AWS that its service models do not have: sizes, counts, and settings that exclude each other."""

from localaws.conformance.services.limits import (
    glue,
    iam,
    lambda_,
    messages,
    monitoring,
    stepfunctions,
    storage,
)

__all__ = ["glue", "iam", "lambda_", "messages", "monitoring", "stepfunctions", "storage"]
