"""Sets in advance the names of services that clients may call and MiniStack does not have.

Else the first request to an unknown service loads every model of botocore: 376 MB of memory and two seconds.
"""

from __future__ import annotations

from ministack.core import router

# Services that Terraform's provider and SDKs may sign requests for, in addition to those of MiniStack.
UNSERVED = frozenset({"ce", "budgets", "freetier", "lakeformation", "oam", "schemas", "sso", "xray"})


def install() -> None:
    """Set the names. Raises AttributeError when this version of MiniStack does not have them."""
    if not hasattr(router, "_KNOWN_AWS_SERVICE_NAMES"):
        raise AttributeError("MiniStack's router no longer has _KNOWN_AWS_SERVICE_NAMES")
    router._KNOWN_AWS_SERVICE_NAMES = UNSERVED
