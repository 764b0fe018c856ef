"""Gives a Lambda only what it has on AWS: its zip, its layers, boto3 and its own environment variables.

MiniStack runs Python functions with the interpreter of its own virtual environment and all environment variables
of the server, so that a function without a dependency or a variable that it needs works here and fails on AWS.
"""

from __future__ import annotations

import importlib.util
import os
import stat
import sys
from pathlib import Path
from typing import Any

from ministack.core import lambda_runtime

from localaws.hooks import wrap
from localaws.paths import Paths
from localaws.settings import load

# The modules of AWS's Python runtime in addition to the standard library: the SDK and its dependencies.
RUNTIME_MODULES = ("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3")
# Variables that every process needs; the function gets no other variable of the server.
KEPT_VARIABLES = frozenset({"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "SSL_CERT_FILE", "LD_LIBRARY_PATH"})
PROLOGUE = """
import os, sys

os.setsid()  # it is ended together with all processes that it starts

def _own_pipe(stream, mode, instead):
    pipe = os.dup(stream.fileno())  # not for child processes, which could read events and keep the pipe open
    os.dup2(instead, stream.fileno())
    return open(pipe, mode, buffering=1, encoding=stream.encoding, errors=stream.errors)

sys.stdin = _own_pipe(sys.stdin, "r", os.open(os.devnull, os.O_RDONLY))
sys.stdout = _own_pipe(sys.stdout, "w", 2)
for _name in {hidden!r}:
    os.environ.pop(_name, None)
sys.path.append({runtime!r})
"""


def link_runtime(directory: Path) -> None:
    """Link the installed modules of AWS's runtime into the directory."""
    directory.mkdir(parents=True, exist_ok=True)
    for name in RUNTIME_MODULES:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            continue
        origin = Path(spec.origin)
        source = origin.parent if origin.name == "__init__.py" else origin
        link = directory / source.name
        link.unlink(missing_ok=True)
        link.symlink_to(source)


def write_interpreter(path: Path) -> None:
    """Write a command that runs Python without site-packages and without the variables that change Python."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "$@"\n', encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def install() -> None:
    """Run Python functions with that interpreter, in an environment of their own."""
    home = Paths(load().home).lambda_runtime
    link_runtime(home / "modules")
    write_interpreter(home / "python")
    hidden = sorted(name for name in os.environ if name not in KEPT_VARIABLES and not name.startswith("AWS_"))
    prologue = PROLOGUE.format(hidden=hidden, runtime=str(home / "modules"))

    @wrap(lambda_runtime, "_detect_runtime_binary")
    def _(original: Any, runtime: str) -> tuple[str, str]:
        binary, script = original(runtime)
        return (str(home / "python"), prologue + script) if runtime.startswith("python") else (binary, script)
