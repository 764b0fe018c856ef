"""Names of services that clients may ask for and MiniStack does not have, set in advance.

The first request of an unknown service makes it load every model of botocore: 376 MB of memory and two seconds.
"""

from __future__ import annotations

from ministack.core import router

# What Terraform's provider and SDKs may sign for, beside what MiniStack serves.
UNSERVED = frozenset({"ce", "budgets", "freetier", "lakeformation", "oam", "schemas", "sso", "xray"})


def install() -> None:
    """Preset the set that MiniStack otherwise builds."""
    if not hasattr(router, "_KNOWN_AWS_SERVICE_NAMES"):
        raise AttributeError("MiniStack's router no longer has _KNOWN_AWS_SERVICE_NAMES")
    router._KNOWN_AWS_SERVICE_NAMES = UNSERVED
