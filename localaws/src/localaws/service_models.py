"""The models of AWS's services, as MiniStack has loaded them from botocore."""

from __future__ import annotations

import functools

from ministack.core import responses

from localaws.strict.services import Service

# ruff: noqa: SLF001 -- MiniStack has no other interface


@functools.cache
def service(name: str) -> Service | None:
    """Return the rules of a service by MiniStack's or botocore's name, None when botocore has no model of it.

    The model is the one that MiniStack has loaded: a second copy would take up to 30 MB for a service.
    """
    model = responses._service_model(name)
    return Service(model) if model is not None else None
