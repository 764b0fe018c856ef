"""How a server is reached: its host key is one that the lake's settings name, and the login is from Secrets Manager."""

from __future__ import annotations

import io
import json
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import paramiko
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sources.errors import CredentialsError, HostKeyError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sources.sftp.model import ServerSettings

CONNECT_SECONDS: Final = 20.0
ANSWER_SECONDS: Final = 60.0
"""How long a server may take for an answer."""
KEEPALIVE_SECONDS: Final = 30
_KEYS: Final = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)


class Credentials(BaseModel):
    """What a secret holds as JSON: a password, or a private key as its file has it and perhaps its passphrase."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    password: str | None = Field(default=None, min_length=1)
    private_key: str | None = Field(default=None, min_length=1)
    passphrase: str | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _one_of_them(self) -> Credentials:
        if (self.password is None) == (self.private_key is None):
            raise ValueError("either password or private_key")
        return self


@dataclass(slots=True)
class Login:
    """Logs in to the server `name`. `read_secret` returns the secret's value, anew where called with True."""

    name: str
    settings: ServerSettings
    read_secret: Callable[[bool], str]

    def open(self) -> paramiko.Transport:
        """Return a connection that is logged in. A login that is refused is tried once more, with the secret read anew.

        Raises HostKeyError, CredentialsError, and OSError, EOFError and SSHException for what may pass.
        """
        try:
            return self._opened(fresh=False)
        except CredentialsError:
            return self._opened(fresh=True)  # it may have been changed since it was read

    def _opened(self, *, fresh: bool) -> paramiko.Transport:
        credentials = self._credentials(fresh=fresh)
        sock = socket.create_connection((self.settings.host, self.settings.port), timeout=CONNECT_SECONDS)
        transport = paramiko.Transport(sock)
        try:
            transport.auth_timeout = transport.banner_timeout = CONNECT_SECONDS
            transport.start_client(timeout=CONNECT_SECONDS)
            self._check_host(transport)
            self._log_in(transport, credentials)
            transport.set_keepalive(KEEPALIVE_SECONDS)
        except BaseException:
            transport.close()
            raise
        return transport

    def _check_host(self, transport: paramiko.Transport) -> None:
        key = transport.get_remote_server_key()
        if key.fingerprint in self.settings.host_keys:
            return
        known = ", ".join(self.settings.host_keys) or "none"
        raise HostKeyError(
            f"{self.settings.host}:{self.settings.port} shows the {key.get_name()} host key {key.fingerprint}, and "
            f"sftp.{self.name}.host_keys of the module lake names {known}. No credentials were sent. Ask the vendor "
            f"for the fingerprints of the server. If this is one of them, add it to the setting. If it is not, another "
            f"machine answers in place of the server."
        )

    def _log_in(self, transport: paramiko.Transport, credentials: Credentials) -> None:
        try:
            if credentials.password is not None:
                transport.auth_password(self.settings.user, credentials.password)
            else:
                transport.auth_publickey(self.settings.user, self._private_key(credentials))
        except paramiko.AuthenticationException as error:
            if not transport.is_active():
                raise paramiko.SSHException("The connection ended during the login.") from error
            raise CredentialsError(
                f"{self.settings.host} refuses the login of {self.settings.user} with the secret "
                f"{self.settings.secret}. {self.advice}"
            ) from error

    def _credentials(self, *, fresh: bool) -> Credentials:
        try:
            return Credentials.model_validate(json.loads(self.read_secret(fresh)))
        except (ValueError, ValidationError):
            # The error itself would show what the secret holds.
            raise CredentialsError(f"The secret {self.settings.secret} is no login. {self.advice}") from None

    def _private_key(self, credentials: Credentials) -> paramiko.PKey:
        for kind in _KEYS:
            try:
                return kind.from_private_key(io.StringIO(credentials.private_key), credentials.passphrase)
            except (paramiko.SSHException, ValueError):
                continue  # another kind, or none: the errors say which part of the key is wrong
        raise CredentialsError(
            f"The private key in the secret {self.settings.secret} cannot be read, or its passphrase is wrong. "
            f"{self.advice}"
        )

    @property
    def advice(self) -> str:
        """Return what to do where the login is refused."""
        return (
            "Store JSON with `password`, or with `private_key` (the text of the file: Ed25519, ECDSA or RSA) and "
            "`passphrase` where it has one: aws secretsmanager put-secret-value --secret-id "
            f"{self.settings.secret} --secret-string file:///dev/stdin. The next read goes on."
        )
