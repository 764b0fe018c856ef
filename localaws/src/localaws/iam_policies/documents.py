"""Policy documents: their statements, and which calls a statement applies to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from localaws.iam_policies import conditions
from localaws.iam_policies.errors import PolicyError
from localaws.iam_policies.patterns import matches, matches_arn

if TYPE_CHECKING:
    from localaws.iam_policies.context import Context

VARIABLES_SINCE: Final = "2012-10-17"
"""Policies of the version 2008-10-17, which is the default, have no variables."""

_PAIRS: Final = (("Action", "NotAction"), ("Resource", "NotResource"), ("Principal", "NotPrincipal"))


@dataclass(frozen=True)
class Statement:
    """One statement. An element that it does not have is None."""

    effect: Literal["Allow", "Deny"]
    sid: str = ""
    actions: tuple[str, ...] | None = None
    not_actions: tuple[str, ...] | None = None
    resources: tuple[str, ...] | None = None
    not_resources: tuple[str, ...] | None = None
    principal: Any = None
    not_principal: Any = None
    conditions: Mapping[str, Any] | None = None
    has_variables: bool = True

    def names_action(self, action: str) -> bool:
        """Return whether the statement is about an action; the case of actions does not matter."""
        if self.actions is not None:
            return any(matches(pattern, action, ignore_case=True) for pattern in self.actions)
        return not any(matches(pattern, action, ignore_case=True) for pattern in self.not_actions or ())

    def names_resource(self, resource: str, context: Context) -> bool:
        """Return whether the statement is about a resource; one without the element is about the policy's own."""
        variables = context if self.has_variables else None
        if self.resources is not None:
            return any(matches_arn(pattern, resource, variables) for pattern in self.resources)
        return not any(matches_arn(pattern, resource, variables) for pattern in self.not_resources or ())

    def applies(self, action: str, resource: str, context: Context) -> bool:
        """Return whether the statement is about a call: its action, its resource and its conditions."""
        return (
            self.names_action(action)
            and self.names_resource(resource, context)
            and conditions.hold(self.conditions or {}, context, has_variables=self.has_variables)
        )


def statements(document: str | Mapping[str, Any]) -> tuple[Statement, ...]:
    """Return the statements of a policy document. Raises PolicyError when it is not valid."""
    content = _parsed(document)
    found = content.get("Statement")
    listed = [found] if isinstance(found, Mapping) else found
    if not isinstance(listed, list):
        raise PolicyError(f"a policy needs the element Statement, a list: {str(content)[:200]}")
    has_variables = content.get("Version") == VARIABLES_SINCE
    return tuple(_statement(statement, has_variables=has_variables) for statement in listed)


def _parsed(document: str | Mapping[str, Any]) -> Mapping[str, Any]:
    if isinstance(document, Mapping):
        return document
    try:
        content = json.loads(document)
    except ValueError as error:
        raise PolicyError(f"a policy must be JSON: {error}: {document[:200]!r}") from error
    if not isinstance(content, dict):
        raise PolicyError(f"a policy must be a JSON object, not {document[:200]!r}")
    return content


def _statement(content: Mapping[str, Any], *, has_variables: bool) -> Statement:
    effect = content.get("Effect")
    if effect not in {"Allow", "Deny"}:
        raise PolicyError(f"Effect must be Allow or Deny, not {effect!r}, in the statement {content}")
    for one, other in _PAIRS:
        if one in content and other in content:
            raise PolicyError(f"a statement may have {one} or {other}, not both: {content}")
    if "Action" not in content and "NotAction" not in content:
        raise PolicyError(f"a statement needs Action or NotAction: {content}")
    conditions.require_known(content.get("Condition") or {})
    return Statement(
        effect=cast("Literal['Allow', 'Deny']", effect),
        sid=str(content.get("Sid", "")),
        actions=_texts(content, "Action"),
        not_actions=_texts(content, "NotAction"),
        resources=_texts(content, "Resource"),
        not_resources=_texts(content, "NotResource"),
        principal=content.get("Principal"),
        not_principal=content.get("NotPrincipal"),
        conditions=content.get("Condition"),
        has_variables=has_variables,
    )


def _texts(content: Mapping[str, Any], element: str) -> tuple[str, ...] | None:
    value = content.get(element)
    if value is None:
        return None
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
        raise PolicyError(f"{element} must be a text or a list of texts, not {value!r}")
    return tuple(values)
