"""The AWS variables of a job run: its region, and keys that act as its role."""

from __future__ import annotations

import secrets

from ministack import app
from ministack.core.responses import get_account_id, get_region
from ministack.services import sts


def aws_variables(role_arn: str, session: str) -> dict[str, str]:
    """Return region and keys for the environment of a job run, in the account of the calling context.

    The keys are those of a session of the role when policies are enforced, else the account's public test keys.
    """
    region = get_region()
    return {"AWS_REGION": region, "AWS_DEFAULT_REGION": region, **_keys(role_arn, session)}


def _keys(role_arn: str, session: str) -> dict[str, str]:
    account = get_account_id()
    if not app.AUTH:
        return {"AWS_ACCESS_KEY_ID": account, "AWS_SECRET_ACCESS_KEY": "test"}
    role = role_arn.rsplit("/", 1)[-1]
    key, secret, token = f"ASIA{secrets.token_hex(8).upper()}", secrets.token_hex(20), secrets.token_hex(32)
    sts.register_session(
        key,
        {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{role}/{session}",
            "UserId": f"{role}:{session}",
            "SecretAccessKey": secret,
            "SessionToken": token,
        },
    )
    return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token}
