"""The jars that Glue includes and open-source Spark does not: Iceberg, and access to `s3://` files.

`python -m localaws.spark.jars` downloads them once, into the cache folder of the settings.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from localaws.spark import java
from localaws.spark.ivy import JarSet

if TYPE_CHECKING:
    from pathlib import Path

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


JARS = JarSet("Spark's", "jars", "localaws.spark.jars", COORDINATES, EXCLUDED)


def directory(cache: Path | None = None) -> Path:
    """Return the directory of the jars of this list of coordinates, whether it exists or not.

    `cache` is the cache folder, by default that of the settings.
    """
    return JARS.directory(cache)


def classpath(cache: Path | None = None) -> str:
    """Return the jars as one class path, in a stable order.

    Raises JarsError when they were not downloaded.
    """
    return JARS.classpath(cache)


def resolve(cache: Path | None = None) -> Path:
    """Download the jars into the cache folder unless they are there, and return their directory.

    Raises JarsError with the end of ivy's output when it cannot download them.
    """
    return JARS.resolve(cache)


def main() -> None:
    """Install a Java 17 and download Spark's jars, unless they are there."""
    home = java.ensure()
    target = resolve()
    size_mb = sum(jar.stat().st_size for jar in target.glob("*.jar")) / 1e6
    sys.stdout.write(f"Java {java.REQUIRED_MAJOR}: {home}\nSpark jars: {target} ({size_mb:.0f} MB)\n")


if __name__ == "__main__":
    main()
