"""Find the files that make the reading of a batch fail, by reading parts of it. No file is blamed on a guess.

An error seldom names a file, and one of memory or network is no fault of any. So a batch that failed is read again in
halves, down to single files: only a file that fails by itself is named.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Final

from cartlake.aws import s3
from cartlake.runs.bad_files import UNREADABLE, BadFile, BadFiles, BadFilesError
from cartlake.runs.documents import ManifestFile
from glue_jobs.dataset_etl.run import Run
from glue_jobs.shared.files import check_unchanged

MAX_FOUND: Final = 100
"""Bad files that are looked for at once, since each takes some reads. The run that is repeated without them finds
further ones."""

MAX_CHARACTERS: Final = 400
"""Of an engine's message, which may go on with its stack."""

_CAUSE: Final = re.compile(r"^Caused by: (.+)$", re.MULTILINE)
"""A line of a stack of Java. The last one is where the error came from."""

Fault = Callable[[Sequence[ManifestFile]], str | None]
"""Reads files, and returns why they cannot be read, None if they can."""


@contextmanager
def naming_bad_files(run: Run) -> Iterator[None]:
    """Turn an error of reading the run's files into BadFilesError, if some of them cannot be read by themselves."""
    try:
        yield
    except BadFilesError:
        raise
    except Exception as error:
        if not run.engine.is_fault_of_files(error):
            raise
        run.engine.release()
        check_unchanged(run.manifest.files)  # deleted while it was read
        found = bad_files(run.manifest.files, lambda files: _fault(run, files))
        if found:
            raise BadFilesError(found) from error
        raise


@contextmanager
def bad_files_written(uri: str, run_id: str) -> Iterator[None]:
    """Write the files that a BadFilesError names to `uri`, as `BadFiles`: its text has room for a few of them only."""
    try:
        yield
    except BadFilesError as error:
        s3.write_text(uri, BadFiles(run_id=run_id, files=list(error.files)).model_dump_json(indent=2))
        raise


def bad_files(files: Sequence[ManifestFile], fault: Fault, most: int = MAX_FOUND) -> list[BadFile]:
    """Return those of the files that cannot be read by themselves, at most `most`.

    Of n files with k bad ones, `fault` is called about 2 k log2 n times, with parts that get smaller.
    """
    return list(islice(_bad_among(files, fault), most))


def _bad_among(files: Sequence[ManifestFile], fault: Fault) -> Iterator[BadFile]:
    why = fault(files)
    if why is None:
        return
    if len(files) == 1:
        yield BadFile.of(files[0], UNREADABLE, _detail(why))
        return
    half = len(files) // 2
    yield from _bad_among(files[:half], fault)
    yield from _bad_among(files[half:], fault)


def _fault(run: Run, files: Sequence[ManifestFile]) -> str | None:
    """Read files completely. Raises what is no fault of them."""
    engine = run.engine
    try:
        engine.count(engine.keep(engine.read_files(files, run.contract)))
    except Exception as error:
        if not engine.is_fault_of_files(error):
            raise
        return str(error)
    finally:
        engine.release()
    return None


def _detail(why: str) -> str:
    """Return the start of an engine's message in one line, with what to do."""
    causes = _CAUSE.findall(why)
    told = " ".join((causes[-1] if causes else why).split())[:MAX_CHARACTERS].rstrip(" .")
    return f"The file cannot be read: {told}. Write it again and drop it."
