"""Glue's special job arguments: those for the launcher, and those that are passed to the script."""

from __future__ import annotations

import importlib.metadata
import re
import zipfile
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from localaws.errors import TerminalError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

# Arguments for Glue itself, which are not passed to the script.
LAUNCHER_ARGUMENTS = frozenset(
    {
        "--additional-python-modules",
        "--conf",
        "--datalake-formats",
        "--extra-files",
        "--extra-jars",
        "--extra-py-files",
        "--python-modules-installer-option",
    }
)

ZIP_OF_WHEELS = ".gluewheels.zip"
"""How the name of a zip of wheels ends."""

_NOT_INSTALLED = (
    "Python Module Installer indicates modules that failed to install: {}. "
    "The local runner uses its own virtual environment as it is."
)

# Spark's StaticSQLConf: fixed when the JVM starts. A test in tests/integration compares this list with Spark's own.
STATIC_SQL_SETTINGS = frozenset(
    {
        "spark.sql.broadcastExchange.maxThreadThreshold",
        "spark.sql.cache.serializer",
        "spark.sql.catalog.spark_catalog.defaultDatabase",
        "spark.sql.catalogImplementation",
        "spark.sql.codegen.cache.maxEntries",
        "spark.sql.codegen.comments",
        "spark.sql.debug",
        "spark.sql.defaultUrlStreamHandlerFactory.enabled",
        "spark.sql.event.truncate.length",
        "spark.sql.extensions",
        "spark.sql.filesourceTableRelationCacheSize",
        "spark.sql.globalTempDatabase",
        "spark.sql.hive.thriftServer.singleSession",
        "spark.sql.legacy.sessionInitWithConfigDefaults",
        "spark.sql.metadataCacheTTLSeconds",
        "spark.sql.queryExecutionListeners",
        "spark.sql.sources.disabledJdbcConnProviderList",
        "spark.sql.sources.schemaStringLengthThreshold",
        "spark.sql.streaming.streamingQueryListeners",
        "spark.sql.streaming.ui.enabled",
        "spark.sql.streaming.ui.enabledCustomMetricList",
        "spark.sql.streaming.ui.retainedProgressUpdates",
        "spark.sql.streaming.ui.retainedQueries",
        "spark.sql.subquery.maxThreadThreshold",
        "spark.sql.ui.retainedExecutions",
        "spark.sql.warehouse.dir",
    }
)


class LaunchError(TerminalError):
    """A run cannot start: a missing script, a missing module, an unsupported argument."""


def script_arguments(arguments: Mapping[str, str]) -> list[str]:
    """Return the arguments after the script's name in `sys.argv`."""
    return [word for name, value in arguments.items() if name not in LAUNCHER_ARGUMENTS for word in (name, value)]


def spark_settings(arguments: Mapping[str, str]) -> dict[str, str]:
    """Return the settings of `--conf`, which is one string: `a=1 --conf b=2`.

    Raises LaunchError for a part without `=`, and for Iceberg without `--datalake-formats iceberg`.
    """
    settings = {}
    for part in re.split(r"\s+--conf\s+", arguments.get("--conf", "").strip()):
        name, equals, value = part.partition("=")
        if part and not equals:
            raise LaunchError(f"--conf has a part without '=': {part!r}")
        settings[name.strip()] = value.strip()
    settings.pop("", None)
    _check_iceberg(settings, uris(arguments, "--datalake-formats"))
    return settings


def _check_iceberg(settings: Mapping[str, str], formats: list[str]) -> None:
    # The jars are always on the class path here. On Glue they are not, so a job without the argument must fail.
    for name, value in settings.items():
        if value.startswith("org.apache.iceberg.") and "iceberg" not in formats:
            raise LaunchError(f"java.lang.ClassNotFoundException: {value} ({name} needs --datalake-formats iceberg).")


def split_settings(settings: Mapping[str, str], running: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the settings of one session, and those that need another JVM than one with the settings `running`."""
    session = {name: value for name, value in settings.items() if _is_session_setting(name)}
    static = {name: value for name, value in settings.items() if name not in session and running.get(name) != value}
    return session, static


def _is_session_setting(name: str) -> bool:
    return name.startswith("spark.sql.") and name not in STATIC_SQL_SETTINGS


def uris(arguments: Mapping[str, str], name: str) -> list[str]:
    """Return the S3 URIs of a comma-separated argument."""
    return [uri.strip() for uri in arguments.get(name, "").split(",") if uri.strip()]


def check_python_modules(arguments: Mapping[str, str]) -> None:
    """Check that the environment has the modules of `--additional-python-modules`. Nothing is installed.

    Raises LaunchError in Glue's words, with each requirement that is not met.
    """
    unmet = [message for text in uris(arguments, "--additional-python-modules") for message in _unmet(text)]
    if unmet:
        raise LaunchError(_NOT_INSTALLED.format("; ".join(unmet)))


def check_zip_of_wheels(archive: Path) -> None:
    """Check a zip of wheels: it has a wheel for each of its requirements, and the environment has the module.

    Nothing is installed.
    Its form is "Appendix A: Creating a zip of wheels artifact", in the chapter "Using Python libraries with AWS Glue"
    of the developer guide. Raises LaunchError with each requirement that is not met.
    """
    try:
        with zipfile.ZipFile(archive) as files:
            requirements = files.read("wheels/requirements.txt").decode().split("\n")
            wheels = {_wheel_name(name) for name in files.namelist() if name.endswith(".whl")}
    except (zipfile.BadZipFile, KeyError) as fault:
        raise LaunchError(f"{archive.name} is not a zip with wheels/requirements.txt and wheels: {fault}.") from fault
    stated = [line.strip() for line in requirements if line.strip() and not line.startswith("#")]
    without = [f"{line} (no wheel in {archive.name})" for line in stated if _requirement_name(line) not in wheels]
    if unmet := [*without, *(message for line in stated for message in _unmet(line))]:
        raise LaunchError(_NOT_INSTALLED.format("; ".join(unmet)))


def check_archive_of_packages(archive: Path, folder: str, environment: Mapping[str, str]) -> None:
    """Check a zip of installed packages that is unpacked to `folder`: the environment has each of them. Not unpacked.

    Raises LaunchError with each package that is not installed here in that version, for an archive that is no zip, and
    where PYTHONPATH of `environment` does not name the folder.
    """
    try:
        with zipfile.ZipFile(archive) as files:
            folders = {name.split("/")[0] for name in files.namelist()}
    except zipfile.BadZipFile as fault:
        raise LaunchError(f"{archive.name} is not a zip of packages: {fault}.") from fault
    packages = [name.removesuffix(".dist-info").split("-") for name in folders if name.endswith(".dist-info")]
    if unmet := [message for name, version in sorted(packages) for message in _unmet(f"{name}=={version}")]:
        raise LaunchError(_NOT_INSTALLED.format("; ".join(unmet)))
    if packages and f"./{folder}" not in environment.get("PYTHONPATH", "").split(":"):
        raise LaunchError(f"{archive.name} is unpacked to ./{folder}, which PYTHONPATH of the driver does not name.")


def _wheel_name(path: str) -> str:
    return canonicalize_name(path.rpartition("/")[2].split("-")[0])


def _requirement_name(text: str) -> str:
    return canonicalize_name(re.split(r"[\s=<>!~\[;]", text, maxsplit=1)[0])


def _unmet(text: str) -> Iterator[str]:
    if text.startswith("s3://"):  # a wheel is put on the path like --extra-py-files, a zip of wheels checked later
        return
    try:
        requirement = Requirement(text)
    except InvalidRequirement as invalid:
        yield f"{text} ({invalid})"
        return
    try:
        installed = importlib.metadata.version(requirement.name)
    except importlib.metadata.PackageNotFoundError:
        yield f"{text} (not installed)"
        return
    if not requirement.specifier.contains(installed, prereleases=True):
        yield f"{text} (installed is {installed})"
