"""What `sparkSubmit` of a job run says: the settings of Spark, files of code, and the size of its workers.

EMR Serverless splits `sparkSubmitParameters` at white space, without the rules of a shell: a quote is part of a value.
https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/jobs-spark.html
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from localaws.emr_serverless.errors import InvalidError
from localaws.spark.arguments import LaunchError

if TYPE_CHECKING:
    from collections.abc import Mapping

ICEBERG_JAR: Final = "/usr/share/aws/iceberg/lib/iceberg-spark3-runtime.jar"
"""Where the images of EMR have Iceberg. Without it in `spark.jars` a job has no Iceberg."""

DEFAULT_PYTHON: Final = "python3.9"
"""What runs a job of emr-7 that names no other."""

AS_SETTINGS: Final = {"--archives": "spark.archives", "--jars": "spark.jars", "--py-files": "spark.submit.pyFiles"}
"""Options of spark-submit that are short for a setting."""

OF_EMR: Final = (
    "spark.archives",
    "spark.driver.",
    "spark.dynamicAllocation.enabled",
    "spark.dynamicAllocation.initialExecutors",
    "spark.dynamicAllocation.maxExecutors",
    "spark.dynamicAllocation.minExecutors",
    "spark.emr-serverless.",
    "spark.executor.",
    "spark.executorEnv.",
    "spark.jars",
    "spark.submit.",
)
"""Settings of the cluster, which the local session does not get."""

DRIVER_ENVIRONMENT: Final = "spark.emr-serverless.driverEnv."
MOST_MEMORY_GB: Final = {1: 8, 2: 16, 4: 30, 8: 60, 16: 120}
"""The largest memory of a worker by its vCPUs: "Worker configurations" in the user guide."""

OVERHEAD: Final = 0.1
LEAST_OVERHEAD_GB: Final = 0.375
_MEMORY: Final = re.compile(r"(\d+)([gm])", re.IGNORECASE)


@dataclass(frozen=True)
class Workers:
    """vCPUs and GB, overhead included, of the driver or of one executor."""

    vcpus: int
    memory_gb: float


@dataclass(frozen=True)
class Submission:
    """One submission. `settings` are all of them; `arguments` go to the script."""

    entry_point: str
    arguments: list[str]
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def session_settings(self) -> dict[str, str]:
        """The settings for the local session: those of the cluster are left out."""
        return {name: value for name, value in self.settings.items() if not name.startswith(OF_EMR)}

    @property
    def py_files(self) -> list[str]:
        """The URIs of zips of modules."""
        return _listed(self.settings.get("spark.submit.pyFiles", ""))

    @property
    def archives(self) -> dict[str, str]:
        """The URI of each archive, by the folder that it is unpacked to."""
        parts = (archive.partition("#") for archive in _listed(self.settings.get("spark.archives", "")))
        return {name or uri.rpartition("/")[2]: uri for uri, _, name in parts}

    @property
    def environment(self) -> dict[str, str]:
        """The variables of the driver's environment."""
        return {
            name.removeprefix(DRIVER_ENVIRONMENT): value
            for name, value in self.settings.items()
            if name.startswith(DRIVER_ENVIRONMENT)
        }

    @property
    def driver(self) -> Workers:
        """The size of the driver."""
        return self._workers("driver")

    @property
    def executor(self) -> Workers:
        """The size of one executor."""
        return self._workers("executor")

    @property
    def executors(self) -> int:
        """How many executors the run begins with."""
        names = ("spark.dynamicAllocation.initialExecutors", "spark.executor.instances")
        return next((int(self.settings[name]) for name in names if name in self.settings), 3)

    def _workers(self, kind: str) -> Workers:
        cores = int(self.settings.get(f"spark.{kind}.cores", "4"))
        memory = _gigabytes(self.settings.get(f"spark.{kind}.memory", "14G"))
        given = self.settings.get(f"spark.{kind}.memoryOverhead")
        overhead = _gigabytes(given) if given else max(memory * OVERHEAD, LEAST_OVERHEAD_GB)
        return Workers(cores, memory + overhead)

    def check(self) -> None:
        """Check the size of workers. Raises InvalidError for one that EMR Serverless does not have."""
        for kind, workers in (("driver", self.driver), ("executor", self.executor)):
            most = MOST_MEMORY_GB.get(workers.vcpus)
            if most is None or workers.memory_gb > most:
                raise InvalidError(
                    f"spark.{kind}: {workers.vcpus} cores with {workers.memory_gb:.1f} GB, overhead included, is no"
                    f" size of a worker: the most memory by cores is {MOST_MEMORY_GB}"
                )

    def check_launch(self) -> None:
        """Check what fails a job on EMR when it starts. Raises LaunchError."""
        self._check_iceberg()
        python = self.environment.get("PYSPARK_PYTHON", DEFAULT_PYTHON).rpartition("/")[2]
        present = f"python{sys.version_info.major}.{sys.version_info.minor}"
        if python not in {present, "python"}:  # `python` is that of an archive with an environment of its own
            raise LaunchError(
                f"The job runs on {python}, and the local runner has {present} only: set"
                f" {DRIVER_ENVIRONMENT}PYSPARK_PYTHON=/usr/bin/{present}."
            )

    def _check_iceberg(self) -> None:
        jars = _listed(self.settings.get("spark.jars", ""))
        unknown = [jar for jar in jars if jar != ICEBERG_JAR]
        if unknown:
            raise LaunchError(f"The local runner has no jar but Iceberg's: {', '.join(unknown)}.")
        needing = [name for name, value in self.settings.items() if value.startswith("org.apache.iceberg.")]
        if needing and not jars:
            value = self.settings[needing[0]]
            raise LaunchError(
                f"java.lang.ClassNotFoundException: {value} ({needing[0]} needs spark.jars={ICEBERG_JAR})"
            )


def submission(spark_submit: Mapping[str, Any]) -> Submission:
    """Return the submission of `jobDriver.sparkSubmit`. Raises InvalidError for an option that is not known."""
    words = iter(str(spark_submit.get("sparkSubmitParameters") or "").split())
    settings: dict[str, str] = {}
    for option in words:
        value = next(words, "")
        name, equals, setting = value.partition("=") if option == "--conf" else (AS_SETTINGS.get(option), "=", value)
        if not name or not equals or not value:
            raise InvalidError(f"sparkSubmitParameters: {option} {value} cannot be read")
        settings[name] = setting
    return Submission(spark_submit["entryPoint"], list(spark_submit.get("entryPointArguments") or []), settings)


def _listed(text: str) -> list[str]:
    return [part for part in text.split(",") if part]


def _gigabytes(text: str) -> float:
    found = _MEMORY.fullmatch(text)
    if not found:
        raise InvalidError(f"{text!r} is no size of memory: write such as 14g or 512m")
    return int(found[1]) / (1024 if found[2].lower() == "m" else 1)
