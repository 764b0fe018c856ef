"""The jars that Glue includes and open-source Spark does not: Iceberg, and access to `s3://` files.

`python -m localaws.spark.jars` downloads them once, by Maven coordinates, with Spark's own ivy, into the
cache folder of the settings. For a mirror, set `LOCALAWS_IVY_SETTINGS` to an ivy settings file.
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

# Found without importing pyspark, which would delay the start of the server by a second.
SPARK_HOME = Path(importlib.util.find_spec("pyspark").origin or "").parent  # type: ignore[union-attr]
SPARK_VERSION = importlib.metadata.version("pyspark")
HADOOP_VERSION = "3.3.4"  # of the hadoop-client in pyspark 3.5
AWS_SDK_V1_VERSION = "1.12.262"  # what hadoop-aws 3.3.4 was built with

COORDINATES = (
    "org.apache.iceberg:iceberg-spark-runtime-3.5_2.12:1.10.0",
    "org.apache.iceberg:iceberg-aws-bundle:1.10.0",
    f"org.apache.hadoop:hadoop-aws:{HADOOP_VERSION}",
    # S3A needs these three modules of the SDK, whose bundle has 280 MB.
    f"com.amazonaws:aws-java-sdk-s3:{AWS_SDK_V1_VERSION}",
    f"com.amazonaws:aws-java-sdk-sts:{AWS_SDK_V1_VERSION}",
    f"com.amazonaws:aws-java-sdk-dynamodb:{AWS_SDK_V1_VERSION}",
)
# The bundle, and newer versions in pyspark: an older version before them on the class path would break it.
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
    """The jars are missing and could not be resolved; the message has the command to run, or the output of ivy."""


def directory(cache: Path | None = None) -> Path:
    """Return the directory of the jars of this list of coordinates, whether it exists or not.

    `cache` is the cache folder, by default that of the settings.
    """
    wanted = "\n".join((SPARK_VERSION, *COORDINATES, *EXCLUDED))
    return (cache or load().cache) / "jars" / hashlib.sha256(wanted.encode()).hexdigest()[:12]


def classpath(cache: Path | None = None) -> str:
    """Return the jars as one class path, in a stable order.

    Raises JarsError when they were not downloaded.
    """
    jars = sorted(directory(cache).glob("*.jar"))
    if not jars:
        raise JarsError(f"Spark's jars are not in {directory(cache)}: `python -m localaws.spark.jars` downloads them")
    return os.pathsep.join(map(str, jars))


def resolve(cache: Path | None = None) -> Path:
    """Download the jars into the cache folder unless they are there, and return their directory.

    Raises JarsError with the end of ivy's output when it cannot download them.
    """
    target = directory(cache)
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    # On the same file system as the target, so that the last step is one rename and the directory is never incomplete.
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
        # A class that does not start Spark: only the jars are needed.
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
    """Install a Java 17 and download Spark's jars, unless they are there."""
    home = java.ensure()
    target = resolve()
    size_mb = sum(jar.stat().st_size for jar in target.glob("*.jar")) / 1e6
    sys.stdout.write(f"Java {java.REQUIRED_MAJOR}: {home}\nSpark jars: {target} ({size_mb:.0f} MB)\n")


if __name__ == "__main__":
    main()
