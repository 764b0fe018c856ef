"""All sources by name: what each needs, and how it is made from the settings of a lake."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, ConfigDict, Field

from cartlake.secrets import read_secret
from sources import fx_rates
from sources.errors import CredentialsError, UnknownSourceError
from sources.fx_rates import FxRates
from sources.http import Http
from sources.hubspot import client as hubspot
from sources.hubspot.objects import COMPANIES, CONTACTS, HubSpotObjects, ObjectKind
from sources.hubspot.tokens import Tokens
from sources.warehouses import registry as warehouses

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sources.model import Source


class SourceSettings(BaseModel):
    """What a lake says of a source that it enables: another address than the public one, and the name of its secret.

    Of a warehouse also the table that is read, how long after its modification time a row may become visible, and in
    Snowflake the virtual warehouse and the role that read it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = ""
    secret: str = ""
    table: str = ""
    warehouse: str = ""
    role: str = ""
    overlap_minutes: int = Field(default=60, ge=0)


@dataclass(frozen=True, slots=True)
class Entry:
    """A source: what is read, and how it is made."""

    reads: str
    make: Callable[[SourceSettings], Source]


def make(name: str, enabled: Mapping[str, SourceSettings]) -> Source:
    """Return a source that is enabled. Raises UnknownSourceError, CredentialsError where it needs a secret."""
    if name not in enabled:
        raise UnknownSourceError(
            f"{name!r} is no source of this lake. Enabled: {', '.join(sorted(enabled)) or 'none'}; there are "
            f"{', '.join(SOURCES)}. Enable it in the setting `sources` of the module lake: docs/sources.md."
        )
    return SOURCES[name].make(enabled[name])


def _fx_rates(settings: SourceSettings) -> Source:
    return FxRates(settings.url or fx_rates.ADDRESS)


def _hubspot(kind: ObjectKind) -> Callable[[SourceSettings], Source]:
    def make_objects(settings: SourceSettings) -> Source:
        if not settings.secret:
            raise CredentialsError(
                f"Source {kind.dataset} has no secret. Name one in sources.{kind.dataset}.secret of the module lake."
            )
        address = (settings.url or hubspot.ADDRESS).rstrip("/")
        http = Http(kind.dataset, hubspot.SECONDS_BETWEEN, hubspot.BAD_TOKEN)
        tokens = Tokens(address, settings.secret, lambda fresh: read_secret(settings.secret, fresh=fresh), http)
        return HubSpotObjects(kind, hubspot.HubSpot(address, http, tokens))

    return make_objects


SOURCES: Final[Mapping[str, Entry]] = {
    "fx_rates": Entry("reference rates of the European Central Bank", _fx_rates),
    "hubspot_companies": Entry("companies of HubSpot", _hubspot(COMPANIES)),
    "hubspot_contacts": Entry("contacts of HubSpot", _hubspot(CONTACTS)),
    "redshift_behavior": Entry("events of visitors in a table of Redshift", warehouses.redshift("redshift_behavior")),
    "snowflake_orders": Entry("order lines in a table of Snowflake", warehouses.snowflake("snowflake_orders")),
}
