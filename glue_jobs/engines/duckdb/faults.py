"""Which errors of DuckDB may be of the files it read."""

import duckdb

from cartlake.errors import TerminalError
from glue_jobs.engines.duckdb.limits import EngineLimitError, causes, is_limit


def is_fault_of_files(error: Exception) -> bool:
    """Return whether reading failed because of what is in files: they are on the disk of this process by then.

    What fetches them raises errors of AWS, which are none of theirs.
    """
    if any(is_limit(cause) or isinstance(cause, EngineLimitError) for cause in causes(error)):
        return False
    return isinstance(error, TerminalError | UnicodeError) or (
        isinstance(error, duckdb.Error) and not isinstance(error, duckdb.HTTPException | duckdb.InterruptException)
    )
