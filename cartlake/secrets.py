"""Secrets of sources and servers, read from Secrets Manager: nothing else holds them.

A function is told the name of a secret, never its value: variables of functions, arguments of jobs and Terraform's
state are read by many.
"""

from typing import Final

from cartlake.errors import TransientError

MAX_AGE_SECONDS: Final = 300
"""How long a process keeps a value: a secret that was rotated is in use everywhere after this time."""


class SecretError(TransientError):
    """A secret cannot be read. It may be there at the next try: it was just made, or is being rotated."""


def read_secret(name: str, *, fresh: bool = False) -> str:
    """Return the value of a secret, kept for five minutes; `fresh` asks Secrets Manager again before.

    Raises SecretError, which never holds a value.
    """
    # Only functions have this library, not Glue jobs.
    from aws_lambda_powertools.utilities.parameters import get_secret  # noqa: PLC0415
    from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError  # noqa: PLC0415

    try:
        value: str = get_secret(name, max_age=MAX_AGE_SECONDS, force_fetch=fresh)
    except GetParameterError as error:
        raise SecretError(
            f"The secret {name} cannot be read: {error}. Store a value: aws secretsmanager put-secret-value "
            f"--secret-id {name} --secret-string file:///dev/stdin"
        ) from error
    return value
