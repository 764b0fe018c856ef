"""AWS as a role of people: the function assumes the caller's role, and can itself read nothing."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import boto3
from botocore.config import Config

from cartlake.aws.clients import client
from cartlake.ledger import Ledger
from lambdas.api_handler.settings import ApiRole, settings

SESSION: Final = timedelta(hours=1)
"""The longest that a role may be assumed by another one."""

RENEWED_BEFORE: Final = timedelta(minutes=5)
AT_ONCE: Final = 8
"""Requests of one caller to AWS at a time."""

CONFIG: Final = Config(
    retries={"mode": "standard", "max_attempts": 3}, connect_timeout=2, read_timeout=8, max_pool_connections=AT_ONCE
)


@dataclass(frozen=True)
class RoleClients:
    """Clients with the rights of a role, until `expires_at`.

    `snapshots` has what was read of metadata files, which are never changed: the snapshot by the file.
    """

    role: ApiRole
    session: boto3.Session
    expires_at: datetime
    made: dict[str, Any] = field(default_factory=dict)
    snapshots: dict[str, str | None] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """Return the client of a service."""
        if service not in self.made:
            self.made[service] = self.session.client(service, config=CONFIG)  # type: ignore[call-overload]
        return self.made[service]

    @property
    def ledger(self) -> Ledger:
        """Return the ledger, of which the role may read what its policy says."""
        return Ledger(settings().ledger_table, self.client("dynamodb"))


_roles: dict[str, RoleClients] = {}


def as_role(name: str) -> RoleClients:
    """Return clients with the rights of a role, which is assumed once an hour. Raises ClientError if it may not be."""
    known = _roles.get(name)
    if known is None or known.expires_at - RENEWED_BEFORE < datetime.now(UTC):
        _roles[name] = known = _assumed(settings().api_roles[name])
    return known


def forget_roles() -> None:
    """Assume every role again when it is next used. For tests."""
    _roles.clear()


def _assumed(role: ApiRole) -> RoleClients:
    answer = client("sts").assume_role(
        RoleArn=role.arn,
        RoleSessionName="api",
        DurationSeconds=int(SESSION.total_seconds()),
        Policy=json.dumps(session_policy(settings().results_bucket)),
    )
    keys = answer["Credentials"]
    session = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    return RoleClients(role, session, keys["Expiration"])


def session_policy(results_bucket: str) -> dict[str, Any]:
    """Return what a session may do at most, whatever its role may: run queries and read; write nothing but results."""
    reads = ["athena:Get*", "athena:StartQueryExecution", "glue:Get*", "s3:Get*", "s3:List*"]
    others = ["dynamodb:GetItem", "dynamodb:Query", "kms:Decrypt", "kms:GenerateDataKey"]
    results = ["s3:AbortMultipartUpload", "s3:PutObject"]
    statements = [
        {"Effect": "Allow", "Action": [*reads, *others], "Resource": "*"},
        {"Effect": "Allow", "Action": results, "Resource": f"arn:*:s3:::{results_bucket}/*"},
    ]
    return {"Version": "2012-10-17", "Statement": statements}
