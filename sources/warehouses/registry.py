"""Warehouses made of the settings of a lake. Drivers are imported here and not before: other sources need none."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from cartlake.secrets import read_secret
from sources.errors import CredentialsError, RefusedRequestError
from sources.warehouses.sessions import Session
from sources.warehouses.statements import checked_table
from sources.warehouses.table import WarehouseTable

if TYPE_CHECKING:
    from collections.abc import Callable

    from sources.model import Source
    from sources.registry import SourceSettings
    from sources.warehouses.model import Warehouse


def snowflake(dataset: str) -> Callable[[SourceSettings], Source]:
    """Return what makes a source of a table in Snowflake."""

    def make(settings: SourceSettings) -> Source:
        from sources.warehouses.snowflake import Snowflake  # noqa: PLC0415

        database, *rest = settings.table.split(".")
        return _table(
            dataset, Snowflake(settings.url, settings.warehouse, settings.role, database if rest else ""), settings
        )

    return make


def redshift(dataset: str) -> Callable[[SourceSettings], Source]:
    """Return what makes a source of a table in Redshift."""

    def make(settings: SourceSettings) -> Source:
        from sources.warehouses.redshift import Redshift  # noqa: PLC0415

        return _table(dataset, Redshift(settings.url), settings)

    return make


def _table(dataset: str, warehouse: Warehouse, settings: SourceSettings) -> Source:
    """Return a source. Raises CredentialsError and RefusedRequestError for settings that are missing or wrong."""
    if not settings.secret:
        raise CredentialsError(
            f"Source {dataset} has no secret. Name one in sources.{dataset}.secret of the module lake."
        )
    if not settings.url:
        raise RefusedRequestError(
            f"Source {dataset} has no address. Set sources.{dataset}.url of the module lake: docs/sources.md."
        )
    session = Session(dataset, warehouse, settings.secret, lambda fresh: read_secret(settings.secret, fresh=fresh))
    overlap = timedelta(minutes=settings.overlap_minutes)
    return WarehouseTable(dataset, checked_table(dataset, settings.table), overlap, session)
