"""What the pool and a worker tell each other: one JSON object a line."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

# The script of a request that is not a job but the worker's warm-up.
REHEARSAL = "rehearsal:"


@dataclass(frozen=True)
class RunRequest:
    """One job run, as the worker needs it. `directory` is the run's own, made and removed by the worker."""

    run_id: str
    script_uri: str
    directory: str
    arguments: dict[str, str] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RunResult:
    """How a run ended. `reusable` says whether the worker may take another."""

    succeeded: bool
    message: str = ""
    reusable: bool = True


def encode(message: RunRequest | RunResult) -> bytes:
    return json.dumps(asdict(message)).encode() + b"\n"


def end_mark(run_id: str) -> bytes:
    """Return the line that ends a run's part of the worker's stdout and stderr."""
    return f"\x1e{run_id}".encode()
