"""Snowflake by its own driver, with the key of a user: Snowflake ends passwords of services."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import snowflake.connector
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from snowflake.connector.constants import FIELD_ID_TO_NAME
from snowflake.connector.errors import Error, OperationalError

from sources.errors import CredentialsError, RefusedRequestError, SchemaChangedError, SourceUnavailableError
from sources.warehouses.model import Answer, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cartlake.errors import CartlakeError

TIMEOUT_SECONDS: Final = 120
"""For a page: longer statements are cancelled."""
LOGIN_SECONDS: Final = 60
KINDS: Final = {
    "TEXT": Kind.TEXT,
    "DATE": Kind.DATE,
    "TIMESTAMP_NTZ": Kind.TIMESTAMP,
    "TIMESTAMP_LTZ": Kind.INSTANT,
    "TIMESTAMP_TZ": Kind.INSTANT,
}
NO_SUCH: Final = frozenset({904, 2003, 2043})
"""A column or a table that is not there, or that the role may not see: Snowflake tells nobody which."""
BAD_CREDENTIALS: Final = frozenset({390100, 390101, 390102, 390144, 390186, 390189, *range(394300, 394400)})
"""Unknown or disabled users, keys that do not fit, and roles that were not granted."""
PASSING: Final = frozenset({604, 610, 625, 630})
"""Statements that were cancelled or took too long."""


@dataclass(frozen=True, slots=True)
class Snowflake:
    """An account, `https://ORG-ACCOUNT.snowflakecomputing.com`, and the warehouse, role and database of the session.

    The last three may be empty where the user has defaults.
    """

    url: str
    compute: str = ""
    role: str = ""
    database: str = ""
    marker: str = "?"
    clock: str = "CURRENT_TIMESTAMP()"
    secret_members: tuple[str, ...] = ("username", "private_key")

    @property
    def types(self) -> Mapping[Kind, str]:
        """Return the types that values of the kinds are cast to."""
        return {
            Kind.INTEGER: "NUMBER(38, 0)",
            Kind.DATE: "DATE",
            Kind.TIMESTAMP: "TIMESTAMP_NTZ",
            Kind.INSTANT: "TIMESTAMP_TZ",
        }

    def micros(self, column: str) -> str:
        """Return the column cut to microseconds: Snowflake's times are of nanoseconds."""
        return f"DATE_TRUNC('MICROSECOND', {column})"

    def connect(self, secret: Mapping[str, str]) -> SnowflakeConnection:
        """Open a connection. Raises CredentialsError for a key that is none, and the errors of the driver."""
        parts = urlsplit(self.url)
        opened = snowflake.connector.connect(
            account=(parts.hostname or "").split(".")[0],
            host=parts.hostname,
            port=parts.port or (443 if parts.scheme == "https" else 80),
            protocol=parts.scheme,
            user=secret["username"],
            private_key=_key(secret["private_key"]),
            authenticator="SNOWFLAKE_JWT",
            warehouse=self.compute or None,
            role=self.role or None,
            database=self.database or None,
            session_parameters={"TIMEZONE": "UTC", "STATEMENT_TIMEOUT_IN_SECONDS": TIMEOUT_SECONDS},
            login_timeout=LOGIN_SECONDS,
            network_timeout=TIMEOUT_SECONDS,
            paramstyle="qmark",
            application="cartlake",
            autocommit=True,
            log_imported_packages_in_telemetry=False,
        )
        opened.telemetry_enabled = False  # the driver would tell Snowflake how it is used
        return SnowflakeConnection(opened)

    def judged(self, error: Exception) -> CartlakeError:
        """Return what an error means, by Snowflake's number; what is none of Snowflake's may pass."""
        if not isinstance(error, Error):
            return SourceUnavailableError(f"{type(error).__name__}: {error}")
        said, number = str(error.raw_msg or error), error.errno
        if number in BAD_CREDENTIALS:
            return CredentialsError(said)
        if number in NO_SUCH:
            return SchemaChangedError(
                f"{said} Nothing was read. Look at the table in the lake's setting `sources`, and at what the role "
                f"{self.role or '(the default one)'} may read."
            )
        if number in PASSING or isinstance(error, OperationalError):
            return SourceUnavailableError(said)
        return RefusedRequestError(f"Snowflake refuses a statement: {said}")


@dataclass(frozen=True, slots=True)
class SnowflakeConnection:
    """An open connection of the driver."""

    driver: Any

    def run(self, statement: str, values: Sequence[str]) -> Answer:
        """Run a statement. Raises the errors of the driver."""
        with self.driver.cursor() as cursor:
            cursor.execute(statement, tuple(values), timeout=TIMEOUT_SECONDS)
            columns = {one.name: _kind(one) for one in cursor.description}
            return Answer(columns, cursor.fetchall())

    def close(self) -> None:
        """End the connection."""
        self.driver.close()


def _kind(column: Any) -> Kind:
    name = FIELD_ID_TO_NAME[column.type_code]
    if name == "FIXED":
        return Kind.OTHER if column.scale else Kind.INTEGER
    return KINDS.get(name, Kind.OTHER)


def _key(pem: str) -> bytes:
    """Return the key as the driver takes it. Raises CredentialsError, which quotes none of it."""
    try:
        key = load_pem_private_key(pem.encode(), None)
    except (TypeError, ValueError):
        raise CredentialsError(
            "private_key is no private key in PEM without a passphrase (-----BEGIN PRIVATE KEY-----)"
        ) from None
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
