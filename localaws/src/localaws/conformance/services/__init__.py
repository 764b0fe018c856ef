"""The checks, a module a service. Importing this package registers all of them in CHECKS."""

from localaws.conformance.checks import CHECKS
from localaws.conformance.services import athena, dynamodb, glue, limits, messages, s3, stepfunctions

__all__ = ["CHECKS", "athena", "dynamodb", "glue", "limits", "messages", "s3", "stepfunctions"]
