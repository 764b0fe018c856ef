"""Starts Spark's JVM without a Python process, and attaches Python processes to it, one after another."""

from __future__ import annotations

import os
import struct
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyspark import SparkConf, SparkContext
from pyspark.java_gateway import launch_gateway
from pyspark.sql import SparkSession

from localaws.errors import TransientError
from localaws.spark import java
from localaws.spark.ivy import SPARK_HOME
from localaws.spark.session import QUICK_START_FLAGS, java_properties

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

START_TIMEOUT_SECONDS = 120
# The packages that Spark's own launcher opens on Java 17 (org.apache.spark.launcher.JavaModuleOptions).
MODULE_FLAGS = (
    "-XX:+IgnoreUnrecognizedVMOptions",
    *(
        f"--add-opens={package}=ALL-UNNAMED"
        for package in (
            "java.base/java.lang",
            "java.base/java.lang.invoke",
            "java.base/java.lang.reflect",
            "java.base/java.io",
            "java.base/java.net",
            "java.base/java.nio",
            "java.base/java.util",
            "java.base/java.util.concurrent",
            "java.base/java.util.concurrent.atomic",
            "java.base/jdk.internal.ref",
            "java.base/sun.nio.ch",
            "java.base/sun.nio.cs",
            "java.base/sun.security.action",
            "java.base/sun.util.calendar",
            "java.security.jgss/sun.security.krb5",
        )
    ),
    "-Djdk.reflect.useDirectMethodHandle=false",
)


class DriverError(TransientError):
    """Spark's JVM did not start."""


@dataclass(frozen=True)
class Driver:
    """A running JVM, and the port and secret of its gateway. It ends with the process that started it."""

    process: subprocess.Popen[bytes]
    port: int
    secret: str


def java_command(conf: Mapping[str, str], extra_flags: Sequence[str] = ()) -> list[str]:
    """Return the command of a JVM with these Spark settings.

    `spark-submit` would run the same command, after a JVM that only computes it.
    """
    spark_jars = sorted(map(str, (SPARK_HOME / "jars").glob("*.jar")))
    own_jars = conf["spark.driver.extraClassPath"]
    properties = {**java_properties(), **conf}
    return [
        str(java.java_home() / "bin" / "java"),
        f"-Xmx{conf['spark.driver.memory']}",
        *QUICK_START_FLAGS,
        *extra_flags,
        *MODULE_FLAGS,
        *conf.get("spark.driver.extraJavaOptions", "").split(),
        *(f"-D{name}={value}" for name, value in properties.items() if name != "spark.driver.extraJavaOptions"),
        "-cp",
        os.pathsep.join([own_jars, *spark_jars]),
        "org.apache.spark.api.python.PythonGatewayServer",
    ]


def start(conf: Mapping[str, str], extra_flags: Sequence[str] = ()) -> Driver:
    """Start a JVM and wait for its gateway; the first `attach` starts the SparkContext.

    Raises DriverError when it ends or does not answer in time.
    """
    with tempfile.TemporaryDirectory() as scratch:
        connection_file = Path(scratch) / "connection"
        environment = {**os.environ, "_PYSPARK_DRIVER_CONN_INFO_PATH": str(connection_file)}
        # The gateway server ends when its standard input closes.
        process = subprocess.Popen(java_command(conf, extra_flags), stdin=subprocess.PIPE, env=environment)
        _wait_for(connection_file, process)
        content = connection_file.read_bytes()
    port, length = struct.unpack(">ii", content[:8])
    return Driver(process, port, content[8 : 8 + length].decode())


def _wait_for(connection_file: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while not connection_file.exists():
        if process.poll() is not None:
            raise DriverError(f"Spark's JVM ended with exit code {process.returncode} before it was ready")
        if time.monotonic() > deadline:
            process.kill()
            raise DriverError(f"Spark's JVM was not ready within {START_TIMEOUT_SECONDS} seconds")
        time.sleep(0.02)


def attach(driver: Driver) -> SparkSession:
    """Attach this process to the JVM; return a new session, with its own settings and temporary views."""
    os.environ |= {"PYSPARK_GATEWAY_PORT": str(driver.port), "PYSPARK_GATEWAY_SECRET": driver.secret}
    gateway = launch_gateway()  # type: ignore[no-untyped-call]
    jvm = gateway.jvm
    java_context = jvm.JavaSparkContext.fromSparkContext(jvm.org.apache.spark.SparkContext.getOrCreate())
    context = SparkContext(gateway=gateway, jsc=java_context, conf=SparkConf(_jconf=java_context.getConf()))
    return SparkSession(context, jvm.SparkSession.builder().getOrCreate().newSession())


def jvm(spark: SparkSession) -> Any:
    """Return the view of the JVM's classes, for which PySpark has no public name."""
    return spark.sparkContext._jvm  # noqa: SLF001 -- see above


def java_context(spark: SparkSession) -> Any:
    """Return the JVM's own SparkContext, for which PySpark has no public name."""
    return spark.sparkContext._jsc.sc()  # noqa: SLF001 -- see above
