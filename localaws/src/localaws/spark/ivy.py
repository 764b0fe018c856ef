"""Sets of jars by Maven coordinates, downloaded once with Spark's own ivy.

For a mirror, set `LOCALAWS_IVY_SETTINGS` to an ivy settings file.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from localaws.errors import TransientError
from localaws.settings import load
from localaws.spark import java

# Found without importing pyspark, which would delay the start of the server by a second.
SPARK_HOME = Path(importlib.util.find_spec("pyspark").origin or "").parent  # type: ignore[union-attr]
SPARK_VERSION = importlib.metadata.version("pyspark")


class JarsError(TransientError):
    """The jars are missing and could not be resolved; the message has the command to run, or the output of ivy."""


@dataclass(frozen=True)
class JarSet:
    """Jars that are used together. `folder` is the one they have in the cache, `module` is what downloads them."""

    title: str
    folder: str
    module: str
    coordinates: tuple[str, ...]
    excluded: tuple[str, ...] = ()

    def directory(self, cache: Path | None = None) -> Path:
        """Return the directory of these jars, whether it exists or not. `cache` is by default that of the settings."""
        wanted = "\n".join((SPARK_VERSION, *self.coordinates, *self.excluded))
        return (cache or load().cache) / self.folder / hashlib.sha256(wanted.encode()).hexdigest()[:12]

    def classpath(self, cache: Path | None = None) -> str:
        """Return the jars as one class path, in a stable order. Raises JarsError when they were not downloaded."""
        jars = sorted(self.directory(cache).glob("*.jar"))
        if not jars:
            raise JarsError(
                f"{self.title} jars are not in {self.directory(cache)}: `python -m {self.module}` downloads them"
            )
        return os.pathsep.join(map(str, jars))

    def resolve(self, cache: Path | None = None) -> Path:
        """Download the jars into the cache folder unless they are there, and return their directory.

        Raises JarsError with the end of ivy's output when it cannot download them.
        """
        target = self.directory(cache)
        if target.is_dir():
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        # On the file system of the target, so that the last step is one rename and the directory is never incomplete.
        with tempfile.TemporaryDirectory(dir=target.parent, prefix="resolving-") as scratch:
            ivy_home = Path(scratch)
            self._run_ivy(ivy_home)
            try:
                (ivy_home / "jars").rename(target)
            except OSError:
                if not target.is_dir():  # else another process was faster, with the same jars
                    raise
        for older in target.parent.iterdir():
            if older != target and not older.name.startswith("resolving-"):
                shutil.rmtree(older, ignore_errors=True)
        return target

    def _run_ivy(self, ivy_home: Path) -> None:
        command = self.command(ivy_home)
        environment = {**os.environ, "JAVA_HOME": str(java.java_home()), "SPARK_LOCAL_IP": "127.0.0.1"}
        ivy = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        resolved = {jar.name for jar in (ivy_home / "jars").glob("*.jar")}
        missing = [one for one in self.coordinates if _file_name(one) not in resolved]
        if missing:
            raise JarsError(f"ivy could not resolve {', '.join(missing)}:\n{(ivy.stdout + ivy.stderr)[-3000:]}")

    def command(self, ivy_home: Path) -> list[str]:
        """Return the command that downloads the jars into `jars` of a folder."""
        excluded = ("--exclude-packages", ",".join(self.excluded)) if self.excluded else ()
        command = [
            str(SPARK_HOME / "bin" / "spark-submit"),
            *("--packages", ",".join(self.coordinates), *excluded),
            *("--conf", f"spark.jars.ivy={ivy_home}", "--conf", "spark.ui.enabled=false"),
            # A class that does not start Spark: only the jars are needed.
            *("--class", "org.apache.spark.deploy.SparkSubmitUtils", "spark-internal"),
        ]
        if options := java.trust_options(java.java_home(), ivy_home):
            command[1:1] = ["--driver-java-options", " ".join(options)]
        if settings := load().ivy_settings:
            command[1:1] = ["--conf", f"spark.jars.ivySettings={settings}"]
        return command


def _file_name(coordinate: str) -> str:
    group, artifact, version = coordinate.split(":")
    return f"{group}_{artifact}-{version}.jar"
