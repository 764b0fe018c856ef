"""What limits depend on besides a request: the policies, functions, queues and rules that there are."""

from __future__ import annotations

import json
from typing import Any

from ministack import app
from ministack.services import eventbridge, iam, lambda_svc, sqs

from localaws.iam_state.roles import may

# ruff: noqa: SLF001 -- MiniStack has no other interface


class MinistackAccount:
    """The account of the current request, from MiniStack's memory."""

    def inline_policies(self, role: str) -> dict[str, str]:
        """Return the inline policies of a role by name, as JSON; none for a role that does not exist."""
        found = (iam._roles.get(role) or {}).get("InlinePolicies") or {}
        return {name: text if isinstance(text, str) else json.dumps(text) for name, text in found.items()}

    def function_timeout(self, function: str) -> int | None:
        """Return the timeout of a function in seconds, by its name or ARN; None when it does not exist."""
        _, config, _ = lambda_svc._get_func_record_for_ref(function)
        return int(config.get("Timeout", 3)) if config else None

    def visibility_timeout(self, queue_arn: str) -> int | None:
        """Return the visibility timeout of a queue in seconds; None when it does not exist."""
        queue: dict[str, Any] | None = sqs._queue_by_arn(queue_arn) if ":sqs:" in queue_arn else None
        return int(queue["attributes"].get("VisibilityTimeout", 30)) if queue else None

    def targets(self, rule: str, bus: str) -> list[str]:
        """Return the ids of the targets of a rule."""
        return [target["Id"] for target in eventbridge._targets.get(eventbridge._rule_key(rule, bus)) or ()]

    def role_of(self, function: str) -> str | None:
        """Return the ARN of a function's role; None when the function does not exist."""
        _, config, _ = lambda_svc._get_func_record_for_ref(function)
        return str(config.get("Role", "")) if config else None

    def role_may(self, role: str, action: str, resource: str) -> bool:
        """Return whether a role's policies allow an action; always while IAM is not enforced."""
        return may(role, action, resource)

    def trust_policy(self, role: str) -> str | None:
        """Return the trust policy of a role, empty when it does not exist; None while IAM is not enforced."""
        if not app.AUTH:
            return None
        found = (iam._roles.get(role.rpartition("/")[2]) or {}).get("AssumeRolePolicyDocument") or ""
        return found if isinstance(found, str) else json.dumps(found)
