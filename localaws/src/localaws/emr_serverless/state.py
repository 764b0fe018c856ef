"""What EMR Serverless keeps: applications, job runs, and the client tokens that were used.

Records are replaced as a whole: one may be being saved, or sent to a client, at this moment.
"""

from __future__ import annotations

import copy
import hashlib
import json
import secrets
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from ministack.core.responses import AccountRegionScopedDict, get_account_id, get_region

from localaws.emr_serverless.errors import ConflictError, MissingError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Record = dict[str, Any]

APPLICATIONS: Final = AccountRegionScopedDict()
JOB_RUNS: Final = AccountRegionScopedDict()
TOKENS: Final = AccountRegionScopedDict()
"""The digest of the request and the id of what it made, by operation and client token."""

ENDED: Final = frozenset({"SUCCESS", "FAILED", "CANCELLED"})
CHANGING: Final = threading.RLock()
"""Held while a record is replaced: a run ends on its own thread while a request changes it on another."""


def new_id() -> str:
    """Return an id in the form of EMR Serverless: 16 digits and small letters."""
    return f"00f{secrets.token_hex(7)}"[:16]


def arn(path: str) -> str:
    """Return the ARN of an application or job run by its path, such as `/applications/00f1`."""
    return f"arn:aws:emr-serverless:{get_region()}:{get_account_id()}:{path}"


def application(application_id: str) -> Record:
    """Return the record of an application. Raises MissingError."""
    found: Record | None = APPLICATIONS.get(application_id)
    if found is None:
        raise MissingError(f"Application {application_id} does not exist")
    return found


def job_run(application_id: str, job_run_id: str) -> Record:
    """Return the record of a job run of an application. Raises MissingError."""
    application(application_id)
    found: Record | None = JOB_RUNS.get(job_run_id)
    if found is None or found["applicationId"] != application_id:
        raise MissingError(f"Job run {job_run_id} does not exist")
    return found


def changed(store: Any, key: str, **changes: Any) -> Record:
    """Replace a record by one with the changes, and return it."""
    with CHANGING:
        store[key] = {**store[key], **changes, "updatedAt": time.time()}
        record: Record = store[key]
        return record


def made_once(operation: str, request: Mapping[str, Any], make: Callable[[], str]) -> str:
    """Return the id of what `make` makes, or of what the same request with the same client token made before.

    Raises ConflictError for the token of another request.
    """
    key = f"{operation}/{request['clientToken']}"
    digest = hashlib.sha256(json.dumps(dict(request), sort_keys=True).encode()).hexdigest()
    with CHANGING:
        known = TOKENS.get(key)
        if known is None:
            known = {"digest": digest, "id": make()}
            TOKENS[key] = known
    if known["digest"] != digest:
        raise ConflictError("The client token was used with different parameters")
    return str(known["id"])


def get_state() -> dict[str, Any]:
    """Return a copy of all records, as MiniStack saves them."""
    return copy.deepcopy({"_applications": APPLICATIONS, "_job_runs": JOB_RUNS, "_tokens": TOKENS})


def restore(data: Mapping[str, Any]) -> None:
    """Put saved records back."""
    for name, store in (("_applications", APPLICATIONS), ("_job_runs", JOB_RUNS), ("_tokens", TOKENS)):
        if data.get(name):
            store.update(data[name])
