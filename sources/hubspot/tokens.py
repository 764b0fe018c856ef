"""The access token of HubSpot: the secret itself, or what OAuth gives for the refresh token in it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from sources.errors import CredentialsError, RefusedRequestError
from sources.http import Answer, Http, UnreadableAnswerError

if TYPE_CHECKING:
    from collections.abc import Callable

OAUTH_KEYS: Final = ("client_id", "client_secret", "refresh_token")
FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}


def parse_json(answer: Answer) -> Any:
    """Return the JSON value of an answer. Raises UnreadableAnswerError for one that is cut off."""
    try:
        return json.loads(answer.body)
    except ValueError as error:
        raise UnreadableAnswerError(f"an answer that is no JSON: {error}") from error


@dataclass(slots=True)
class Tokens:
    """Gives tokens. `read_secret` returns the secret's value, read anew where it is called with True.

    The value is a private app's access token, or a JSON object with the members of OAUTH_KEYS, whose tokens live for 30
    minutes.
    """

    address: str
    secret_name: str
    read_secret: Callable[[bool], str]
    http: Http
    _token: str = ""

    def current(self) -> str:
        """Return the token in use. Raises CredentialsError where there is none to be had."""
        return self._token or self.renewed(fresh=False)

    def renewed(self, *, fresh: bool = True) -> str:
        """Return a new token, of a secret that is read anew where `fresh`."""
        value = self.read_secret(fresh).strip()
        self._token = self._of_oauth(value) if value.startswith("{") else value
        if not self._token:
            raise CredentialsError(f"The secret {self.secret_name} is empty. {self.advice}")
        return self._token

    @property
    def advice(self) -> str:
        """Return what to do where HubSpot refuses the credentials."""
        return (
            f"Store a valid access token, or a JSON object with {', '.join(OAUTH_KEYS)}: aws secretsmanager "
            f"put-secret-value --secret-id {self.secret_name} --secret-string file:///dev/stdin. The next sync goes on "
            f"behind the last file."
        )

    def _of_oauth(self, value: str) -> str:
        try:
            secret = json.loads(value)
            form = {"grant_type": "refresh_token", **{key: secret[key] for key in OAUTH_KEYS}}
        except (KeyError, ValueError):  # without the cause, which may quote the value
            raise CredentialsError(
                f"The secret {self.secret_name} is no JSON object of these members. {self.advice}"
            ) from None
        url = f"{self.address}/oauth/v1/token"
        try:
            answer = self.http.send("POST", url, parse_json, headers=FORM, body=urlencode(form).encode())
        except RefusedRequestError as error:
            raise CredentialsError(f"{error}. {self.advice}") from error
        return str(answer["access_token"])
