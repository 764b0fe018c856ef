"""What Glue's special job arguments mean: which ones the launcher takes, and which reach the script."""

from __future__ import annotations

import importlib.metadata
import re
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement

from localaws.errors import TerminalError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Taken by Glue itself; the script never sees them.
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

# Spark's StaticSQLConf: fixed when the JVM starts. tests/integration holds this list against Spark's own.
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
    """A run that cannot start: a missing script, a missing module, an argument that is not known."""


def script_arguments(arguments: Mapping[str, str]) -> list[str]:
    """Return what follows the script's name in `sys.argv`."""
    return [word for name, value in arguments.items() if name not in LAUNCHER_ARGUMENTS for word in (name, value)]


def spark_settings(arguments: Mapping[str, str]) -> dict[str, str]:
    """Read `--conf`: one string, `a=1 --conf b=2`.

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
    # The jars are always here. On Glue they are not, and a job that forgot to ask for them must not pass.
    for name, value in settings.items():
        if value.startswith("org.apache.iceberg.") and "iceberg" not in formats:
            raise LaunchError(f"java.lang.ClassNotFoundException: {value} ({name} needs --datalake-formats iceberg).")


def split_settings(settings: Mapping[str, str], running: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Part settings into those of one session, and those a JVM with the `running` settings cannot take any more."""
    session = {name: value for name, value in settings.items() if _is_of_a_session(name)}
    static = {name: value for name, value in settings.items() if name not in session and running.get(name) != value}
    return session, static


def _is_of_a_session(name: str) -> bool:
    return name.startswith("spark.sql.") and name not in STATIC_SQL_SETTINGS


def uris(arguments: Mapping[str, str], name: str) -> list[str]:
    """Return the S3 URIs of a comma-separated argument."""
    return [uri.strip() for uri in arguments.get(name, "").split(",") if uri.strip()]


def check_python_modules(arguments: Mapping[str, str]) -> None:
    """Check that the environment has what `--additional-python-modules` asks for. Nothing is ever installed.

    Raises LaunchError, worded like Glue's, naming each requirement that is not met.
    """
    unmet = [complaint for text in uris(arguments, "--additional-python-modules") for complaint in _complaints(text)]
    if unmet:
        raise LaunchError(
            "Python Module Installer indicates modules that failed to install: "
            f"{'; '.join(unmet)}. The local runner uses its own virtual environment as it is."
        )


def _complaints(text: str) -> Iterator[str]:
    if text.startswith("s3://"):  # a wheel: put on the path like --extra-py-files
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
