"""The Athena engine's clients inside the embedded AWS: tables and metadata files are read without a request."""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ministack.services import glue, s3

from localaws.athena.clients import Clients, in_s3, split_uri
from localaws.athena_api import callers
from localaws.hooks import succeeded

if TYPE_CHECKING:
    from pyiceberg.catalog.glue import GlueCatalog

# ruff: noqa: SLF001 -- MiniStack has no other interface


class InProcessClients(Clients):
    """Reads tables and their metadata files in process: requests for them would take a third of a short query.

    Whatever it reads and writes must be allowed to the role that started the query.
    """

    def _boto(self, service: str) -> Any:
        client = super()._boto(service)
        client.meta.events.register("provide-client-params.*.*", _check)
        return client

    @cached_property
    def iceberg(self) -> GlueCatalog:
        catalog = super().iceberg
        catalog.glue.meta.events.register("provide-client-params.*.*", _check)
        return catalog

    def table(self, database: str, name: str) -> dict[str, Any] | None:
        response = glue._get_table({"DatabaseName": database, "Name": name})
        if not succeeded(response):
            return None
        found: dict[str, Any] = json.loads(response[2])["Table"]
        callers.require_table(database, name, found)
        return found

    def read(self, uri: str) -> bytes:
        callers.require_object("GetObject", uri)
        bucket, key = split_uri(in_s3(uri))
        found: bytes | None = s3._get_object_data(bucket, key)
        if found is None:
            fault = {"Error": {"Code": "NoSuchKey", "Message": "The specified key does not exist."}}
            raise self.s3.exceptions.NoSuchKey(fault, "GetObject")  # type: ignore[arg-type]
        return found


def _check(params: dict[str, Any], model: Any, **_: Any) -> None:
    callers.require(model.service_model.service_name, model.name, params)
