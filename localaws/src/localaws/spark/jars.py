"""The jars that Glue has built in and open-source Spark has not: Iceberg, and reading `s3://` files.

`python -m localaws.spark.jars` resolves them once, by Maven coordinates, with Spark's own ivy, into the
cache folder of the settings. It changes nothing when they are there. Behind a mirror, let `LOCALAWS_IVY_SETTINGS` name
an ivy settings file.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from localaws.errors import TransientError
from localaws.settings import load
from localaws.spark import java

# Found, not imported: the server needs to know where Spark is, and no second of its start for more.
SPARK_HOME = Path(importlib.util.find_spec("pyspark").origin or "").parent  # type: ignore[union-attr]
SPARK_VERSION = importlib.metadata.version("pyspark")
HADOOP_VERSION = "3.3.4"  # of the hadoop-client that pyspark 3.5 carries
AWS_SDK_V1_VERSION = "1.12.262"  # what hadoop-aws 3.3.4 was built with

COORDINATES = (
    "org.apache.iceberg:iceberg-spark-runtime-3.5_2.12:1.10.0",
    "org.apache.iceberg:iceberg-aws-bundle:1.10.0",
    f"org.apache.hadoop:hadoop-aws:{HADOOP_VERSION}",
    # Three modules of the SDK do what S3A needs of its 280 MB bundle.
    f"com.amazonaws:aws-java-sdk-s3:{AWS_SDK_V1_VERSION}",
    f"com.amazonaws:aws-java-sdk-sts:{AWS_SDK_V1_VERSION}",
    f"com.amazonaws:aws-java-sdk-dynamodb:{AWS_SDK_V1_VERSION}",
)
# The bundle itself, and what pyspark carries already, newer: an older copy before it on the class path would break it.
EXCLUDED = (
    "com.amazonaws:aws-java-sdk-bundle",
    "com.fasterxml.jackson.core:jackson-annotations",
    "com.fasterxml.jackson.core:jackson-core",
    "com.fasterxml.jackson.core:jackson-databind",
    "commons-codec:commons-codec",
    "commons-logging:commons-logging",
    "joda-time:joda-time",
    "org.apache.httpcomponents:httpclient",
    "org.apache.httpcomponents:httpcore",
)


class JarsError(TransientError):
    """The jars are missing and could not be resolved; the message says what to run or what ivy said."""


def directory(cache: Path | None = None) -> Path:
    """Return where the jars of this list of coordinates belong: another list is another directory.

    `cache` is the cache folder, by default that of the settings.
    """
    wanted = "\n".join((SPARK_VERSION, *COORDINATES, *EXCLUDED))
    return (cache or load().cache) / "jars" / hashlib.sha256(wanted.encode()).hexdigest()[:12]


def classpath(cache: Path | None = None) -> str:
    """Return the jars as one class path, in a stable order.

    Raises JarsError when they were never resolved.
    """
    jars = sorted(directory(cache).glob("*.jar"))
    if not jars:
        raise JarsError(f"Spark's jars are not in {directory(cache)}: `python -m localaws.spark.jars` downloads them")
    return os.pathsep.join(map(str, jars))


def resolve(cache: Path | None = None) -> Path:
    """Download the jars into the cache folder unless they are there, and return their directory.

    Raises JarsError when ivy cannot get them, with the end of what it said.
    """
    target = directory(cache)
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    # Beside the target, so that the last step is one rename: a half-filled directory is never taken for a whole one.
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="resolving-") as scratch:
        ivy_home = Path(scratch)
        _run_ivy(ivy_home)
        try:
            (ivy_home / "jars").rename(target)
        except OSError:
            if not target.is_dir():  # else another process was faster, with the same jars
                raise
    for older in target.parent.iterdir():
        if older != target and not older.name.startswith("resolving-"):
            shutil.rmtree(older, ignore_errors=True)
    return target


def _run_ivy(ivy_home: Path) -> None:
    command = [
        str(SPARK_HOME / "bin" / "spark-submit"),
        *("--packages", ",".join(COORDINATES), "--exclude-packages", ",".join(EXCLUDED)),
        *("--conf", f"spark.jars.ivy={ivy_home}", "--conf", "spark.ui.enabled=false"),
        # Something to submit that starts no Spark: resolving is all we want of it.
        *("--class", "org.apache.spark.deploy.SparkSubmitUtils", "spark-internal"),
    ]
    home = java.java_home()
    if options := java.trust_options(home, ivy_home):
        command[1:1] = ["--driver-java-options", " ".join(options)]
    if settings := load().ivy_settings:
        command[1:1] = ["--conf", f"spark.jars.ivySettings={settings}"]
    environment = {**os.environ, "JAVA_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1"}
    ivy = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    resolved = {jar.name for jar in (ivy_home / "jars").glob("*.jar")}
    missing = [coordinate for coordinate in COORDINATES if _file_name(coordinate) not in resolved]
    if missing:
        raise JarsError(f"ivy could not resolve {', '.join(missing)}:\n{(ivy.stdout + ivy.stderr)[-3000:]}")


def _file_name(coordinate: str) -> str:
    group, artifact, version = coordinate.split(":")
    return f"{group}_{artifact}-{version}.jar"


def main() -> None:
    """Make sure that there are a Java 17 and Spark's jars."""
    home = java.ensure()
    target = resolve()
    size_mb = sum(jar.stat().st_size for jar in target.glob("*.jar")) / 1e6
    sys.stdout.write(f"Java {java.REQUIRED_MAJOR}: {home}\nSpark jars: {target} ({size_mb:.0f} MB)\n")


if __name__ == "__main__":
    main()
