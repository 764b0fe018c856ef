"""Gives each worker a /tmp of its own of the size in the function's `EphemeralStorage`, and a read-only code folder.

A warm worker keeps its files; a new one has none. HOME is inside the code folder, where nothing can be written.
Where the system allows no namespaces, TMPDIR is a folder of the worker's own without a limit, and the code is writable.
"""

from __future__ import annotations

import inspect
import logging
import sys
import threading
from pathlib import Path
from typing import Any

from ministack.core import lambda_runtime

from localaws.functions import containment
from localaws.hooks import wrap
from localaws.paths import Paths
from localaws.settings import load

logger = logging.getLogger("localaws.lambda")

DEFAULT_MEGABYTES = 512
UNCONTAINED = "uncontained"
SCRIPT = """
def _localaws_contain():
    import os
    folder = os.path.dirname(os.path.abspath(__file__))
    code = os.path.join(folder, "code")
    os.environ["HOME"] = os.path.join(code, "home")
    os.environ.pop("TMPDIR", None)
    try:
        contain(folder, code, {megabytes}, {kept!r})
    except OSError as error:
        os.environ["TMPDIR"] = os.path.join(folder, "tmp")
        os.makedirs(os.environ["TMPDIR"], exist_ok=True)
        with open(os.path.join(folder, {uncontained!r}), "w") as file:
            file.write(str(error))
_localaws_contain()
"""


def kept_paths(paths: list[Path]) -> list[str]:
    """Return those of the paths that lie in /tmp, without those inside another one."""
    inside = sorted({str(path) for path in paths if Path(containment.TMP) in path.parents})
    return [path for path in inside if not any(path.startswith(f"{other}/") for other in inside)]


def install() -> None:
    """Run a prologue in each Python worker that replaces its /tmp."""
    size = threading.local()
    home = Paths(load().home).home
    kept = kept_paths([home, Path(sys.prefix), Path(sys.base_prefix), Path(sys.executable).resolve().parent])

    @wrap(lambda_runtime.Worker, "_spawn")
    def _(original: Any, worker: Any) -> Any:
        storage = worker.config.get("EphemeralStorage") or {}
        size.megabytes = int(storage.get("Size", DEFAULT_MEGABYTES))
        try:
            return original(worker)
        finally:
            _log_uncontained(worker)

    @wrap(lambda_runtime, "_detect_runtime_binary")
    def _(original: Any, runtime: str) -> tuple[str, str]:
        binary, script = original(runtime)
        if not runtime.startswith("python"):
            return binary, script
        prologue = SCRIPT.format(megabytes=size.megabytes, kept=kept, uncontained=UNCONTAINED)
        return binary, inspect.getsource(containment) + prologue + script


def _log_uncontained(worker: Any) -> None:
    reason = Path(worker._tmpdir or "", UNCONTAINED)
    if reason.exists():
        logger.warning("The size of /tmp of Lambda %s is not limited: %s", worker.func_name, reason.read_text("utf-8"))
