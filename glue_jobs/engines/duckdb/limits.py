"""Errors of a light step by what helps: Spark, where the engine is too small; a repeat; or a batch without bad files.

A state machine decides by the name of an error alone, and DuckDB and PyIceberg have names of their own.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import duckdb
from pyiceberg.exceptions import CommitFailedException, ValidationException

from cartlake.errors import CartlakeError, TerminalError, TransientError

_DISK_FULL: Final = ("no space left", "max_temp_directory_size")
_MAY_PASS: Final = frozenset({408, 429, 500, 502, 503, 504})
"""The statuses after which DuckDB itself tries a request again, four times within half a second."""
_NO_ANSWER: Final = " error for HTTP "
"""Part of DuckDB's message for a request that got no answer: no connection, or it broke."""


class EngineLimitError(CartlakeError):
    """Memory or disk of the function are too small for a step, or it would have to read too much of a table.

    The data is not at fault, and trying again on the light engine cannot help.
    """


@contextmanager
def engine_limits() -> Iterator[None]:
    """Turn whatever was caused by too little memory or disk into EngineLimitError; other errors of the data pass.

    What may pass becomes TransientError: S3 that throttles DuckDB, and commits of others that always came first.
    Causes count too: an error may have been taken for one of the data before.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, EngineLimitError):
            raise
        found = list(causes(error))
        if limit := next(filter(is_limit, found), None):
            raise EngineLimitError(f"The light engine is too small for this batch: {limit}") from error
        if passing := next(filter(may_pass, found), None):
            raise TransientError(f"The light engine was interrupted; try again: {passing}") from error
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
    if any(is_limit(one) or may_pass(one) or isinstance(one, EngineLimitError) for one in causes(error)):
        return False
    return isinstance(error, TerminalError | UnicodeError) or (
        isinstance(error, duckdb.Error) and not isinstance(error, duckdb.HTTPException | duckdb.InterruptException)
    )


def may_pass(error: BaseException) -> bool:
    """Return whether the same step may succeed later: another writer came first, or S3 did not answer."""
    if isinstance(error, CommitFailedException | ValidationException):
        return True
    if isinstance(error, duckdb.HTTPException):
        return getattr(error, "status_code", None) in _MAY_PASS
    return isinstance(error, duckdb.IOException) and _NO_ANSWER in str(error)
