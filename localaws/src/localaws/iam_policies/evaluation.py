"""Whether a call is allowed, by all policies that apply to it: the evaluation logic of IAM.

A deny in any policy wins. In one account an allow of the identity's policies or of the resource's policy is enough;
across accounts both must allow. A permissions boundary limits what the identity's policies allow. A KMS key and a role
are used only by whom their own policy names: one that names the account leaves it to the identity's policies.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from localaws.iam_policies.principals import Named, named

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from localaws.iam_policies.context import Context
    from localaws.iam_policies.documents import Statement
    from localaws.iam_policies.principals import Caller

POLICY_REQUIRED: Final = frozenset({"kms", "sts"})
"""Services whose resources' own policy must allow a call, also in one account."""


@dataclass(frozen=True)
class Request:
    """A call: one action on one resource (its ARN, or `*`), by a caller, with the condition keys of AWS."""

    caller: Caller
    action: str
    resource: str
    context: Context = field(default_factory=dict)
    resource_account: str = ""
    """The account of the resource; by default that in its ARN, else the caller's."""

    @property
    def is_within_one_account(self) -> bool:
        account = self.resource_account or (self.resource.split(":") + [""] * 5)[4]
        return account in {"", self.caller.account}


@dataclass(frozen=True)
class Grant:
    """A grant of a KMS key: what its grantee may do, whatever the policies allow."""

    grantee_arn: str
    operations: frozenset[str]
    """Names of operations, such as `Decrypt`."""
    encryption_context: Mapping[str, str] = field(default_factory=dict)
    """What the encryption context of a call must contain."""

    def allows(self, request: Request) -> bool:
        """Return whether it allows a call."""
        return (
            self.grantee_arn in {request.caller.name, request.caller.role_arn}
            and request.action.removeprefix("kms:") in self.operations
            and all(
                request.context.get(f"kms:encryptioncontext:{key}".lower()) == value
                for key, value in self.encryption_context.items()
            )
        )


@dataclass(frozen=True)
class Policies:
    """The policies that apply to a call. `boundary` and `resource` are None when there is none."""

    identity: Sequence[Statement] = ()
    boundary: Sequence[Statement] | None = None
    resource: Sequence[Statement] | None = None
    grants: Sequence[Grant] = ()


@dataclass(frozen=True)
class Decision:
    """Whether a call is allowed, why, and by which statement."""

    allowed: bool
    reason: str
    statement: Statement | None = None


def decide(request: Request, policies: Policies) -> Decision:
    """Return whether a call is allowed."""
    applying = _Applying(request, policies)
    if applying.denies:
        return Decision(allowed=False, reason="denied by a statement", statement=applying.denies[0])
    if any(grant.allows(request) for grant in policies.grants):
        return Decision(allowed=True, reason="allowed by a grant of the key")
    return applying.decision()


class _Applying:
    """The statements that apply to a request."""

    def __init__(self, request: Request, policies: Policies) -> None:
        self._request = request
        self._has_boundary = policies.boundary is not None
        identity = self._those(policies.identity)
        boundary = self._those(policies.boundary or ())
        ways = [(one, named(one, request.caller)) for one in self._those(policies.resource or ())]
        resource = [one for one, way in ways if way is not Named.NOT]
        self.denies = [one for one in (*identity, *boundary, *resource) if one.effect == "Deny"]
        self._identity = _first_allow(identity)
        self._boundary = _first_allow(boundary)
        self._resource = {way: one for one, way in reversed(ways) if one.effect == "Allow"}

    def _those(self, statements: Iterable[Statement]) -> list[Statement]:
        request = self._request
        return [one for one in statements if one.applies(request.action, request.resource, request.context)]

    def decision(self) -> Decision:
        """Return the decision when no statement denies the call."""
        if self._request.caller.is_service:
            return self._by_resource(Named.ITSELF, Named.ROLE)
        if not self._request.is_within_one_account:
            allowed = self._by_resource(Named.ITSELF, Named.ROLE, Named.ACCOUNT)
            return self._by_identity() if allowed.allowed else allowed
        if self._request.caller.is_root:
            return self._of_root()
        directly = self._by_resource(Named.ITSELF, *([] if self._boundary_refuses else [Named.ROLE]))
        if directly.allowed:
            return directly
        if self._request.action.partition(":")[0] in POLICY_REQUIRED and Named.ACCOUNT not in self._resource:
            return Decision(allowed=False, reason="not allowed by the policy of the resource, which must allow it")
        return self._by_identity()

    def _of_root(self) -> Decision:
        """Return the decision for the root of the resource's account, to which no identity policy applies."""
        if self._request.action.partition(":")[0] in POLICY_REQUIRED:
            return self._by_resource(Named.ITSELF, Named.ROLE, Named.ACCOUNT)
        return Decision(allowed=True, reason="the root of the account")

    @property
    def _boundary_refuses(self) -> bool:
        return self._has_boundary and self._boundary is None

    def _by_identity(self) -> Decision:
        if self._identity is None:
            return Decision(allowed=False, reason="not allowed by any statement of the identity")
        if self._boundary_refuses:
            return Decision(allowed=False, reason="not allowed by the permissions boundary")
        return Decision(allowed=True, reason="allowed by a statement of the identity", statement=self._identity)

    def _by_resource(self, *ways: Named) -> Decision:
        found = next((self._resource[way] for way in ways if way in self._resource), None)
        if found is None:
            return Decision(allowed=False, reason="not allowed by the policy of the resource")
        return Decision(allowed=True, reason="allowed by the policy of the resource", statement=found)


def _first_allow(statements: Iterable[Statement]) -> Statement | None:
    return next((one for one in statements if one.effect == "Allow"), None)
