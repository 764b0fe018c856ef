"""What an error of the light engine means: that it is too small for a step, or that files cannot be read.

What is too small has one name: then Spark does the step.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from cartlake.errors import CartlakeError, TerminalError

_DISK_FULL = ("no space left", "max_temp_directory_size")


class EngineLimitError(CartlakeError):
    """Memory or disk of the function are too small for a step, or it would have to read too much of a table.

    The data is not at fault, and trying again on the light engine cannot help.
    """


@contextmanager
def engine_limits() -> Iterator[None]:
    """Turn whatever was caused by too little memory or disk into EngineLimitError; other errors pass.

    Also where it was turned into an error of the data before.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, EngineLimitError):
            raise
        for cause in causes(error):
            if is_limit(cause):
                raise EngineLimitError(f"The light engine is too small for this batch: {cause}") from error
        raise


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and what it was raised from, down to the first."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__


def is_limit(error: BaseException) -> bool:
    """Return whether memory or disk were too small."""
    if isinstance(error, duckdb.OutOfMemoryException | MemoryError):
        return True
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return True
    return isinstance(error, duckdb.Error) and any(sign in str(error).lower() for sign in _DISK_FULL)


def is_fault_of_files(error: Exception) -> bool:
    """Return whether reading failed because of what is in files.

    DuckDB reads local copies or streams of ours: what fetches them raises TransientError and errors of AWS, which are
    none of theirs.
    """
    if any(is_limit(cause) or isinstance(cause, EngineLimitError) for cause in causes(error)):
        return False
    return isinstance(error, TerminalError | UnicodeError) or (
        isinstance(error, duckdb.Error) and not isinstance(error, duckdb.HTTPException | duckdb.InterruptException)
    )
