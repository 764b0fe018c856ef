"""How a cluster is reached: addresses, encryption, and credentials from Secrets Manager."""

from __future__ import annotations

import json
from typing import Any, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cartlake.secrets import read_secret
from sources.errors import CredentialsError

Authentication: TypeAlias = Literal["none", "tls", "iam", "scram"]


class Credentials(BaseModel):
    """What a secret holds as JSON: user and password, as Amazon MSK has it for SASL/SCRAM."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    username: str = Field(min_length=1)
    password: str = Field(min_length=1)


class StreamSettings(BaseModel):
    """What a lake says of a topic that it reads.

    `brokers` are addresses `host:port`. `authentication`: `iam` for Amazon MSK with IAM, `scram` for SASL/SCRAM with
    SHA-512 and the secret's user, `tls` for encryption alone, `none` without.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    brokers: list[str] = Field(min_length=1)
    authentication: Authentication = "iam"
    secret: str = ""


_SCRAM: Final = "SCRAM-SHA-512"


def options_of(topic: str, settings: StreamSettings) -> dict[str, Any]:
    """Return the options of kafka-python for a cluster. Raises CredentialsError for a secret that is no login."""
    options: dict[str, Any] = {"bootstrap_servers": settings.brokers, "client_id": "cartlake"}
    match settings.authentication:
        case "none":
            return options
        case "tls":
            return options | {"security_protocol": "SSL"}
        case "iam":
            return options | {"security_protocol": "SASL_SSL", "sasl_mechanism": "AWS_MSK_IAM"}
    login = _credentials(topic, settings.secret)
    return options | {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": _SCRAM,
        "sasl_plain_username": login.username,
        "sasl_plain_password": login.password,
    }


def _credentials(topic: str, secret: str) -> Credentials:
    if not secret:
        raise CredentialsError(f"Stream {topic} has no secret. Name one in streams.{topic}.secret of the module lake.")
    try:
        return Credentials.model_validate(json.loads(read_secret(secret)))
    except (ValueError, ValidationError):
        # The error itself would show what the secret holds.
        raise CredentialsError(
            f"The secret {secret} of stream {topic} is no login. Store JSON with username and password in it."
        ) from None
