"""The stores of MiniStack that are logged: which service and member of its state each is, and how its records change.

A store is a dict of the module of a service. By MiniStack's convention the member `queues` of a service's state is the
dict `_queues` of its module.
"""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from localaws.job_runs import RUNNING_STATES
from localaws.state.changes import Queue, Shape, Table, Whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

MODULES: Final = {
    "athena": "athena",
    "dynamodb": "dynamodb",
    "emr_serverless": "emr_serverless",
    "eventbridge": "eventbridge",
    "glue": "glue",
    "iam": "iam",
    "lambda": "lambda_svc",
    "s3": "s3",
    "scheduler": "scheduler",
    "secretsmanager": "secretsmanager",
    "sns": "sns",
    "sqs": "sqs",
    "ssm": "ssm",
    "stepfunctions": "stepfunctions",
}
"""The module of each service whose changes are logged, by the name of its state file."""

RENAMED: Final = {("eventbridge", "buses"): "_event_buses", ("s3", "buckets_meta"): "_buckets"}
"""The stores that are not named like the member of the state."""


def _status(record: Mapping[str, Any]) -> Any:
    return record.get("status"), record.get("stopDate"), record.get("redriveDate")


def _query(record: Mapping[str, Any]) -> Any:
    return record.get("Status", {}).get("State")


def _runs(runs: list[dict[str, Any]]) -> Any:
    return tuple((run["Id"], run["JobRunState"], run.get("CompletedOn")) for run in runs)


SHAPES: Final[dict[tuple[str, str], Shape]] = {
    ("athena", "_executions"): Whole(
        fingerprint=_query, is_unfinished=lambda record: _query(record) in {"QUEUED", "RUNNING"}
    ),
    ("dynamodb", "tables"): Table(),
    ("glue", "crawlers"): Whole(is_unfinished=lambda record: record.get("State") != "READY"),
    ("glue", "job_runs"): Whole(
        fingerprint=_runs, is_unfinished=lambda runs: any(run["JobRunState"] in RUNNING_STATES for run in runs)
    ),
    ("s3", "buckets_meta"): Whole(without=frozenset({"objects"})),
    ("sqs", "queues"): Queue(),
    ("stepfunctions", "executions"): Whole(
        fingerprint=_status, is_unfinished=lambda record: record.get("status") == "RUNNING"
    ),
}
WHOLE: Final = Whole()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a store is in the state: the service, and the member of its state file."""

    service: str
    member: str

    @property
    def shape(self) -> Shape:
        """How the records of this store change."""
        return SHAPES.get((self.service, self.member), WHOLE)


def records(store: Any) -> dict[Any, Any]:
    """Return the records of a store, of all accounts and regions."""
    found: dict[Any, Any] = store._data  # noqa: SLF001 -- MiniStack's own methods see one account and region
    return found


class Stores:
    """The stores of the services that are loaded. `get_state` returns the state of a loaded module."""

    def __init__(self) -> None:
        self._places: dict[int, tuple[Any, Place]] = {}
        self._loaded: set[str] = set()
        self._modules = 0
        self._loading = threading.Lock()

    def add(self, store: Any, place: Place) -> None:
        """Have a store of localaws itself logged."""
        self._places[id(store)] = store, place

    def place(self, store: Any) -> Place | None:
        """Return where a store is, None for one that is not logged."""
        found = self._places.get(id(store))
        if found is None:
            self._load()
            found = self._places.get(id(store))
        # The state's copy of a store is a dict of the same class, and may get the address of another.
        return found[1] if found is not None and found[0] is store else None

    def all(self) -> Iterator[tuple[Any, Place]]:
        """Yield every store of the loaded services."""
        self._load()
        yield from list(self._places.values())

    def _load(self) -> None:
        """Add the stores of services that were imported since the last call."""
        with self._loading:  # a second thread must find the stores that the first one adds
            if len(sys.modules) == self._modules:
                return
            modules = len(sys.modules)
            found = {service: _module(name) for service, name in MODULES.items() if service not in self._loaded}
            for service, module in found.items():
                if module is not None and not _is_half_imported(module):
                    for store, member in stores_of(service, module):
                        self.add(store, Place(service, member))
                    self._loaded.add(service)
            # The end of an import adds no module: as long as one goes on, the next call looks again.
            if not any(map(_is_half_imported, found.values())):
                self._modules = modules


def stores_of(service: str, module: Any) -> list[tuple[Any, str]]:
    """Return the stores of a service's module with the member of its state each is.

    Raises AttributeError when this version of MiniStack keeps one elsewhere.
    """
    get_state: Callable[[], dict[str, Any]] = module.get_state
    return [
        (getattr(module, RENAMED.get((service, member), f"_{member.removeprefix('_')}")), member)
        for member in get_state()
    ]


def _module(name: str) -> Any:
    return sys.modules.get(f"ministack.services.{name}")


def _is_half_imported(module: Any) -> bool:
    return module is not None and bool(getattr(module.__spec__, "_initializing", False))
