"""Amazon Redshift by its own driver: over TLS, with the name and the password of a user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import redshift_connector

from sources.errors import CredentialsError, RefusedRequestError, SchemaChangedError, SourceUnavailableError
from sources.warehouses.model import Answer, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cartlake.errors import CartlakeError

PORT: Final = 5439
TIMEOUT_SECONDS: Final = 120
"""For connecting and for a page; a statement that takes longer is cancelled by Redshift too."""
KINDS: Final = {
    16: Kind.OTHER,
    20: Kind.INTEGER,
    21: Kind.INTEGER,
    23: Kind.INTEGER,
    25: Kind.TEXT,
    1042: Kind.TEXT,
    1043: Kind.TEXT,
    1082: Kind.DATE,
    1114: Kind.TIMESTAMP,
    1184: Kind.INSTANT,
}
"""By the number that the protocol has for a type: the same in PostgreSQL and in Redshift."""
NO_SUCH: Final = ("42P01", "3F000", "42703")
"""SQLSTATE of a table, a schema or a column that is not there."""
PASSING: Final = ("08", "25", "40", "53", "55", "57", "58", "XX")
"""Classes of SQLSTATE that may pass: connections, aborted transactions, resources, and Redshift's own faults."""


@dataclass(frozen=True, slots=True)
class Redshift:
    """A database of a cluster or a workgroup: `redshift://host:port/database`."""

    url: str
    marker: str = "%s"
    clock: str = "GETDATE()"
    secret_members: tuple[str, ...] = ("username", "password")

    @property
    def types(self) -> Mapping[Kind, str]:
        """Return the types that values of the kinds are cast to."""
        return {Kind.INTEGER: "BIGINT", Kind.DATE: "DATE", Kind.TIMESTAMP: "TIMESTAMP", Kind.INSTANT: "TIMESTAMPTZ"}

    def micros(self, column: str) -> str:
        """Return the column itself: Redshift's times are of microseconds."""
        return column

    def connect(self, secret: Mapping[str, str]) -> RedshiftConnection:
        """Open a connection. Raises the errors of the driver, of sockets and of TLS."""
        parts = urlsplit(self.url)
        opened = redshift_connector.connect(
            host=parts.hostname,
            port=parts.port or PORT,
            database=parts.path.strip("/"),
            user=secret["username"],
            password=secret["password"],
            sslmode="verify-full",
            timeout=TIMEOUT_SECONDS,
            application_name="cartlake",
        )
        opened.autocommit = True
        connection = RedshiftConnection(opened)
        connection.run("SET timezone TO 'UTC'", ())
        connection.run(f"SET statement_timeout TO {TIMEOUT_SECONDS * 1000}", ())
        return connection

    def judged(self, error: Exception) -> CartlakeError:
        """Return what an error means, by its SQLSTATE; one without is of the connection, and may pass."""
        said, state = _said(error)
        if state.startswith("28"):
            return CredentialsError(said)
        if state in NO_SUCH:
            return SchemaChangedError(f"{said}. Nothing was read. Look at the table in the lake's setting `sources`")
        if state and not state.startswith(PASSING):
            return RefusedRequestError(f"Redshift refuses a statement: {said}")
        return SourceUnavailableError(said)


@dataclass(frozen=True, slots=True)
class RedshiftConnection:
    """An open connection of the driver."""

    driver: Any

    def run(self, statement: str, values: Sequence[str]) -> Answer:
        """Run a statement. Raises the errors of the driver and of sockets."""
        with self.driver.cursor() as cursor:
            cursor.execute(statement, tuple(values))
            if cursor.description is None:
                return Answer({}, ())
            columns = {_text(one[0]): KINDS.get(one[1], Kind.OTHER) for one in cursor.description}
            return Answer(columns, [tuple(row) for row in cursor.fetchall()])

    def close(self) -> None:
        """End the connection."""
        self.driver.close()


def _text(name: str | bytes) -> str:
    return name.decode() if isinstance(name, bytes) else name


def _said(error: Exception) -> tuple[str, str]:
    """Return what an error says, and its SQLSTATE, empty where it has none."""
    for detail in error.args:
        if isinstance(detail, dict):
            return f"{detail.get('M', '')} ({detail.get('C', '')})", str(detail.get("C", ""))
    return f"{type(error).__name__}: {error}", ""
