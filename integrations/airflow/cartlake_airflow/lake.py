"""The lake as a DAG sees it: names of its resources, and clients of AWS."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from cartlake_airflow.errors import BadTaskError

if TYPE_CHECKING:
    from collections.abc import Mapping

_PATIENT = Config(retries={"mode": "standard", "total_max_attempts": 8})
"""Throttled calls and lost connections are repeated for about a minute."""


@dataclass(frozen=True)
class Lake:
    """Names of a deployed lake. `raw_bucket` takes files, `ledger_table` records them, `coordinator` starts runs."""

    region: str
    raw_bucket: str
    ledger_table: str
    coordinator: str
    _clients: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def of(cls, outputs: Any) -> Lake:
        """Return the lake of Terraform's output `lake`, or of what `names` returned; other keys are ignored.

        Raises BadTaskError that names what is missing.
        """
        if not isinstance(outputs, dict):
            raise BadTaskError(f"Terraform's output `lake` must be a JSON object, but it is {outputs!r}.")
        buckets, functions = outputs.get("buckets") or {}, outputs.get("functions") or {}
        found: dict[str, Any] = {
            "region": outputs.get("region"),
            "raw_bucket": outputs.get("raw_bucket") or buckets.get("raw"),
            "ledger_table": outputs.get("ledger_table"),
            "coordinator": outputs.get("coordinator") or functions.get("run_coordinator"),
        }
        if missing := sorted(name for name, value in found.items() if not value):
            raise BadTaskError(
                f"Terraform's output `lake` does not have {', '.join(missing)}. Set the Airflow variable to what "
                "`terraform output -json lake` prints."
            )
        return cls(**found)

    def names(self) -> dict[str, str]:
        """Return the names as JSON, which `of` reads."""
        return {name: getattr(self, name) for name in ("region", "raw_bucket", "ledger_table", "coordinator")}

    def client(self, service: str) -> Any:
        """Return a client of AWS."""
        # A session of its own: boto3's default session may not be used in several threads, and triggers run in some.
        if service not in self._clients:
            session: Any = boto3.session.Session()
            self._clients[service] = session.client(service, region_name=self.region, config=_PATIENT)
        return self._clients[service]


def text(item: Mapping[str, Any], name: str) -> str:
    """Return an attribute of an item as text, empty if it has none."""
    value = item.get(name)
    return "" if value is None else str(value)
