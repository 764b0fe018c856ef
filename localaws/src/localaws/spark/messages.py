"""The messages between the pool and a worker: one JSON object a line."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

# The script of a request that is not a job but the worker's warm-up.
WARM_UP = "warm-up:"


@dataclass(frozen=True)
class RunRequest:
    """One job run. `directory` is its working directory, which the worker creates and deletes.

    `argv` are the arguments of the script; without it they are taken from `arguments`. `archives` are URIs by folder.
    """

    run_id: str
    script_uri: str
    directory: str
    arguments: dict[str, str] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    argv: list[str] | None = None
    archives: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RunResult:
    """The result of a run. `reusable` is whether the worker can run another."""

    succeeded: bool
    message: str = ""
    reusable: bool = True


def encode(message: RunRequest | RunResult) -> bytes:
    """Return the line of a message."""
    return json.dumps(asdict(message)).encode() + b"\n"


def end_mark(run_id: str) -> bytes:
    """Return the line that follows a run's output in the worker's stdout and stderr."""
    return f"\x1e{run_id}".encode()
