"""One job run, in a process of its own that was forked from the warm worker and is attached to its JVM.

Nothing of a run outlives it: modules, environment, working directory, `sys.argv` and threads end with the process, the
session's settings and views with the session.
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

from localaws.spark.arguments import LaunchError, check_python_modules, script_arguments, uris
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
    """Run one job to its end, and say how it ended. Never raises."""
    _end_with_parent()
    try:
        script = _prepare(request)
        spark = attach(driver)
    except LaunchError as refusal:
        return _launch_error(str(refusal))
    except Exception as broken:  # noqa: BLE001 -- whatever it is, the run has failed and must say so
        traceback.print_exc()
        return RunResult(succeeded=False, message=f"LAUNCH ERROR | {describe(broken)}"[:MESSAGE_LIMIT], reusable=False)
    try:
        _set_up_session(spark, request)
    except Exception as refusal:  # noqa: BLE001 -- Spark refuses settings in many ways
        traceback.print_exc()
        return _launch_error(f"cannot apply --conf: {describe(refusal)}")
    result = _run_script(script)
    _wait_for_the_rest()
    return RunResult(result.succeeded, result.message, reusable=_clean_up(spark))


def _launch_error(reason: str) -> RunResult:
    sys.stderr.write(f"{reason}\n")
    return RunResult(succeeded=False, message=f"LAUNCH ERROR | {reason} Please refer logs for details."[:MESSAGE_LIMIT])


def _end_with_parent() -> None:
    """End this process when the worker is killed: nothing would be left to report to, or to stop it."""
    parent = parent_process()
    if parent is None:
        return

    def wait_and_exit() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=wait_and_exit, daemon=True).start()


def _prepare(request: RunRequest) -> Path:
    """Fetch the script and its files, and make this process look like Glue's. Returns the script's path."""
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
    wheels = [uri for uri in uris(request.arguments, "--additional-python-modules") if uri.startswith("s3://")]
    archives = [_download(uri, Path("lib")) for uri in [*uris(request.arguments, "--extra-py-files"), *wheels]]
    _set_import_path(script, archives)
    sys.argv = [str(script), *script_arguments(request.arguments)]
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
    """Let imports see the script's folder, its archives and installed packages, and nothing else.

    A module forgotten in the archive must be missing here as it will be on AWS: neither this package, nor a project
    that is installed "editable" beside it, nor the current folder is on the path of a job.
    """
    own = [str(script.parent), *(str(_importable(archive)) for archive in archives)]
    sys.path[:] = [*own, *filter(_is_installed, sys.path)]
    shadowed = {name for archive in archives for name in _top_level_names(archive)} - PRELOADED_TO_KEEP
    for module in list(sys.modules):
        if module.split(".")[0] in shadowed | {"localaws", "__mp_main__"}:
            del sys.modules[module]
    os.environ["PYTHONPATH"] = os.pathsep.join(own)


def _is_installed(entry: str) -> bool:
    """Whether an entry of `sys.path` holds the standard library or installed packages."""
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
    # Both AWS SDKs ask for these at every request, so the warm JVM acts with this run's role from here on.
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
    # The JVM outlives the job, so its context must as well; a script that stops "its" Spark is right to do so on Glue.
    SparkContext.stop = SparkSession.stop = lambda *_: None  # type: ignore[assignment,method-assign]
    try:
        runpy.run_path(str(script), run_name="__main__")
    except SystemExit as leaving:
        return _result_of_exit(leaving)
    except BaseException as failure:  # noqa: BLE001 -- the script's failures, of any kind
        own = _from_script_on(failure.__traceback__, script)
        traceback.print_exception(failure.with_traceback(own or failure.__traceback__))
        line = f"Failed Line Number: {own.tb_lineno}; " if own else ""
        message = f"Error Category: UNCLASSIFIED_ERROR; {line}{describe(failure)}"
        return RunResult(succeeded=False, message=message[:MESSAGE_LIMIT])
    return RunResult(succeeded=True)


def _wait_for_the_rest() -> None:
    """Do what Python does at the end of a program: wait for the script's threads, call its exit handlers."""
    for thread in threading.enumerate():
        if not thread.daemon and thread is not threading.current_thread():
            thread.join()
    atexit._run_exitfuncs()  # noqa: SLF001 -- a forked process ends without it


def _result_of_exit(leaving: SystemExit) -> RunResult:
    if leaving.code in (None, 0):
        return RunResult(succeeded=True)
    if not isinstance(leaving.code, int):
        sys.stderr.write(f"{leaving.code}\n")
    return RunResult(succeeded=False, message=f"SystemExit: {leaving.code}"[:MESSAGE_LIMIT])


def _from_script_on(frame: TracebackType | None, script: Path) -> TracebackType | None:
    """Return the traceback from the script's own first frame on: who reads the log must not see the runner's."""
    while frame is not None and frame.tb_frame.f_code.co_filename != str(script):
        frame = frame.tb_next
    return frame


def describe(failure: BaseException) -> str:
    """Return the exception in one paragraph: its class and message; of a Java exception without its stack."""
    text = str(failure)
    if isinstance(failure, Py4JJavaError):
        text = f"{text.splitlines()[0]} {failure.java_exception.toString()}"
    return f"{type(failure).__name__}: {text}"


def _clean_up(spark: SparkSession) -> bool:
    """Leave nothing of this run in the JVM. Returns whether that worked."""
    try:
        java_context(spark).cancelAllJobs()
        spark.catalog.clearCache()
        gc.collect()  # so that the JVM frees the objects that Python no longer refers to
        return not java_context(spark).isStopped()
    except Exception:  # noqa: BLE001 -- the worker then ends, which cleans up better
        traceback.print_exc()
        return False
