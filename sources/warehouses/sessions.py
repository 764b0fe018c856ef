"""Statements on a connection that is opened when it is needed, and again when it broke."""

from __future__ import annotations

import json
import random
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cartlake.errors import CartlakeError, TransientError
from sources.errors import CredentialsError, SourceUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sources.warehouses.model import Answer, Connection, Warehouse

ATTEMPTS: Final = 4
"""Tries of a statement; the wait doubles each time, from one second."""


@dataclass(slots=True)
class Session:
    """Runs statements for a source. `read_secret` returns the secret's value, read anew if it is called with True."""

    source: str
    warehouse: Warehouse
    secret_name: str
    read_secret: Callable[[bool], str]
    sleep: Callable[[float], None] = time.sleep
    _open: Connection | None = field(default=None, repr=False)

    def run(self, statement: str, values: Sequence[str] = ()) -> Answer:
        """Return what a statement answers. Statements only read, so they may be repeated.

        Raises SourceUnavailableError when no try had an answer, and CredentialsError, SchemaChangedError or
        RefusedRequestError as the warehouse says.
        """
        said = ""
        for attempt in range(ATTEMPTS):
            try:
                return self._connected().run(statement, values)
            except Exception as error:  # noqa: BLE001 - drivers raise errors of sockets and of their parsers too
                self.close()
                judged = self._judged(error)
                if not isinstance(judged, TransientError):
                    raise judged from (None if judged is error else error)
                said = str(judged)
            if attempt < ATTEMPTS - 1:
                # Random, so that two functions that were refused together do not come back together.
                self.sleep(random.uniform(0.5, 1) * 2**attempt)  # noqa: S311 - jitter, not a secret
        raise SourceUnavailableError(
            f"{self.source} did not answer at {ATTEMPTS} tries, at last: {said}. The next sync goes on behind the last "
            f"file."
        )

    def close(self) -> None:
        """End the connection, if there is one."""
        if self._open is not None:
            opened, self._open = self._open, None
            with suppress(Exception):  # it may be broken already
                opened.close()

    def _judged(self, error: Exception) -> CartlakeError:
        return error if isinstance(error, CartlakeError) else self.warehouse.judged(error)

    def _connected(self) -> Connection:
        """Return the connection, opened with the secret in use, or once with one that is read anew."""
        if self._open is None:
            try:
                self._open = self._connect(fresh=False)
            except CredentialsError:
                self._open = self._connect(fresh=True)
        return self._open

    def _connect(self, *, fresh: bool) -> Connection:
        secret = self._secret(self.read_secret(fresh))
        try:
            return self.warehouse.connect(secret)
        except Exception as error:
            judged = self._judged(error)
            if isinstance(judged, CredentialsError):
                raise CredentialsError(f"{self.source} refuses the credentials: {judged}. {self._advice}") from error
            raise judged from error

    def _secret(self, value: str) -> Mapping[str, str]:
        try:
            secret = json.loads(value)
            return {name: str(secret[name]) for name in self.warehouse.secret_members}
        except (KeyError, TypeError, ValueError):  # without the cause, which may quote the value
            raise CredentialsError(
                f"The secret {self.secret_name} is no JSON object of these members. {self._advice}"
            ) from None

    @property
    def _advice(self) -> str:
        return (
            f"Store a JSON object with {' and '.join(self.warehouse.secret_members)}: aws secretsmanager "
            f"put-secret-value --secret-id {self.secret_name} --secret-string file:///dev/stdin. The next sync goes on "
            f"behind the last file."
        )
