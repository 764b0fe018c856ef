"""Runs one job in a process that is forked from the warm worker and attached to its JVM.

Modules, environment, working directory, `sys.argv` and threads of a run end with the process, the session's settings
and views with the session.
"""

from __future__ import annotations

import atexit
import gc
import os
import runpy
import site
import sys
import sysconfig
import threading
import traceback
import zipfile
from multiprocessing import connection, parent_process
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]
from pyspark import SparkContext
from pyspark.sql import SparkSession

from localaws.spark.arguments import (
    ZIP_OF_WHEELS,
    LaunchError,
    check_archive_of_packages,
    check_python_modules,
    check_zip_of_wheels,
    script_arguments,
    uris,
)
from localaws.spark.driver import attach, java_context, jvm
from localaws.spark.messages import RunResult

if TYPE_CHECKING:
    from types import TracebackType

    from localaws.spark.driver import Driver
    from localaws.spark.messages import RunRequest

MESSAGE_LIMIT = 2000
PACKAGE_PATHS = ("purelib", "platlib", "platstdlib")
PRELOADED_TO_KEEP = frozenset({"pyspark", "py4j", "localaws"})


def run(request: RunRequest, driver: Driver) -> RunResult:
    """Run one job and return its result. Never raises."""
    _end_with_parent()
    try:
        script = _prepare(request)
        spark = attach(driver)
    except LaunchError as refusal:
        return _launch_error(str(refusal))
    except Exception as failure:  # noqa: BLE001 -- any error fails the run, and its result must say so
        traceback.print_exc()
        return RunResult(succeeded=False, message=f"LAUNCH ERROR | {describe(failure)}"[:MESSAGE_LIMIT], reusable=False)
    try:
        _set_up_session(spark, request)
    except Exception as refusal:  # noqa: BLE001 -- Spark refuses settings in many ways
        traceback.print_exc()
        return _launch_error(f"cannot apply --conf: {describe(refusal)}")
    result = _run_script(script)
    _finish_python()
    return RunResult(result.succeeded, result.message, reusable=_clean_up(spark))


def _launch_error(reason: str) -> RunResult:
    sys.stderr.write(f"{reason}\n")
    return RunResult(succeeded=False, message=f"LAUNCH ERROR | {reason} Please refer logs for details."[:MESSAGE_LIMIT])


def _end_with_parent() -> None:
    """End this process when the worker is killed: else nothing could stop it."""
    parent = parent_process()
    if parent is None:
        return

    def wait_and_exit() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=wait_and_exit, daemon=True).start()


def _prepare(request: RunRequest) -> Path:
    """Download the script and its files, and set environment, folder and arguments as Glue does.

    Returns the script's path. Raises LaunchError.
    """
    os.environ.update(request.environment)
    os.chdir(request.directory)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # lines reach the logs while the job runs
    if "--extra-jars" in request.arguments:
        raise LaunchError("--extra-jars is not supported by the local runner.")
    check_python_modules(request.arguments)
    script = _download(request.script_uri, Path("script"))
    for uri in uris(request.arguments, "--extra-files"):
        _download(uri, Path())
    modules = [uri for uri in uris(request.arguments, "--additional-python-modules") if uri.startswith("s3://")]
    for uri in [uri for uri in modules if uri.endswith(ZIP_OF_WHEELS)]:
        check_zip_of_wheels(_download(uri, Path("wheels")))
    wheels = [uri for uri in modules if not uri.endswith(ZIP_OF_WHEELS)]
    archives = [_download(uri, Path("lib")) for uri in [*uris(request.arguments, "--extra-py-files"), *wheels]]
    _set_import_path(script, archives)
    for folder, uri in request.archives.items():
        check_archive_of_packages(_download(uri.partition("#")[0], Path("archives")), folder, request.environment)
    own = script_arguments(request.arguments) if request.argv is None else request.argv
    sys.argv = [str(script), *own]
    return script


def _download(uri: str, folder: Path) -> Path:
    parts = urlsplit(uri)
    bucket, key = parts.netloc, parts.path.lstrip("/")
    target = folder.resolve() / Path(key).name
    target.parent.mkdir(exist_ok=True)
    try:
        boto3.client("s3").download_file(bucket, key, str(target))
    except (BotoCoreError, ClientError, OSError) as failure:
        raise LaunchError(f"Error downloading from S3 for bucket: {bucket}, key: {key}. {failure}.") from failure
    return target


def _set_import_path(script: Path, archives: list[Path]) -> None:
    """Limit imports to the script's folder, its archives and installed packages.

    A module that is missing in the archive must be missing here as on AWS: neither this package, nor a project that is
    installed "editable", nor the current folder is on the path of a job.
    """
    own = [str(script.parent), *(str(_importable(archive)) for archive in archives)]
    sys.path[:] = [*own, *filter(_is_installed, sys.path)]
    shadowed = {name for archive in archives for name in _top_level_names(archive)} - PRELOADED_TO_KEEP
    for module in list(sys.modules):
        if module.split(".")[0] in shadowed | {"localaws", "__mp_main__"}:
            del sys.modules[module]
    os.environ["PYTHONPATH"] = os.pathsep.join(own)


def _is_installed(entry: str) -> bool:
    """Return whether an entry of `sys.path` holds the standard library or installed packages."""
    folder = Path(entry).resolve()
    library = Path(sysconfig.get_path("stdlib")).resolve()
    packages = {Path(path).resolve() for path in [*site.getsitepackages(), *map(sysconfig.get_path, PACKAGE_PATHS)]}
    return bool(entry) and (folder in packages or library in (folder, *folder.parents) or folder.suffix == ".zip")


def _importable(archive: Path) -> Path:
    return archive.parent if archive.suffix == ".py" else archive


def _top_level_names(archive: Path) -> set[str]:
    if archive.suffix == ".py":
        return {archive.stem}
    try:
        with zipfile.ZipFile(archive) as files:
            return {name.split("/")[0].removesuffix(".py") for name in files.namelist()}
    except zipfile.BadZipFile as damaged:
        raise LaunchError(f"{archive.name} of --extra-py-files is not a zip archive.") from damaged


def _set_up_session(spark: SparkSession, request: RunRequest) -> None:
    # Both AWS SDKs read these properties at every request, so the warm JVM uses this run's role from now on.
    for name, value in (
        ("aws.accessKeyId", request.environment["AWS_ACCESS_KEY_ID"]),
        ("aws.secretKey", request.environment["AWS_SECRET_ACCESS_KEY"]),
        ("aws.secretAccessKey", request.environment["AWS_SECRET_ACCESS_KEY"]),
        ("aws.sessionToken", request.environment.get("AWS_SESSION_TOKEN")),
    ):
        if value:
            jvm(spark).System.setProperty(name, value)
        else:
            jvm(spark).System.clearProperty(name)
    # The Python processes of UDFs get this run's archives, and are not shared with runs that have others.
    spark.sparkContext.environment["PYTHONPATH"] = os.environ["PYTHONPATH"]
    for name, value in request.settings.items():
        spark.conf.set(name, value)


def _run_script(script: Path) -> RunResult:
    # The next run uses the same JVM and context, so a script must not stop them, as it may on Glue.
    SparkContext.stop = SparkSession.stop = lambda *_: None  # type: ignore[assignment,method-assign]
    try:
        runpy.run_path(str(script), run_name="__main__")
    except SystemExit as leaving:
        return _result_of_exit(leaving)
    except BaseException as failure:  # noqa: BLE001 -- a script may raise anything
        script_frame = _from_script(failure.__traceback__, script)
        traceback.print_exception(failure.with_traceback(script_frame or failure.__traceback__))
        line = f"Failed Line Number: {script_frame.tb_lineno}; " if script_frame else ""
        message = f"Error Category: UNCLASSIFIED_ERROR; {line}{describe(failure)}"
        return RunResult(succeeded=False, message=message[:MESSAGE_LIMIT])
    return RunResult(succeeded=True)


def _finish_python() -> None:
    """Wait for the script's threads and call its exit handlers, as Python does at the end of a program."""
    for thread in threading.enumerate():
        if not thread.daemon and thread is not threading.current_thread():
            thread.join()
    atexit._run_exitfuncs()  # noqa: SLF001 -- a forked process does not call them


def _result_of_exit(leaving: SystemExit) -> RunResult:
    if leaving.code in (None, 0):
        return RunResult(succeeded=True)
    if not isinstance(leaving.code, int):
        sys.stderr.write(f"{leaving.code}\n")
    return RunResult(succeeded=False, message=f"SystemExit: {leaving.code}"[:MESSAGE_LIMIT])


def _from_script(frame: TracebackType | None, script: Path) -> TracebackType | None:
    """Return the traceback from the script's own first frame on, without the runner's; None without such a frame."""
    while frame is not None and frame.tb_frame.f_code.co_filename != str(script):
        frame = frame.tb_next
    return frame


def describe(failure: BaseException) -> str:
    """Return the class and message of an exception; of a Java exception without its stack."""
    text = str(failure)
    if isinstance(failure, Py4JJavaError):
        text = f"{text.splitlines()[0]} {failure.java_exception.toString()}"
    return f"{type(failure).__name__}: {text}"


def _clean_up(spark: SparkSession) -> bool:
    """Cancel what this run left in the JVM. Returns whether the JVM can be used for another run."""
    try:
        java_context(spark).cancelAllJobs()
        spark.catalog.clearCache()
        gc.collect()  # so that the JVM frees the objects that Python no longer refers to
        return not java_context(spark).isStopped()
    except Exception:  # noqa: BLE001 -- the worker is then ended
        traceback.print_exc()
        return False
