"""The window in which files are gathered for the next run of a dataset, from the start of the last one."""

import math
from datetime import datetime


def seconds_to_gather(last_start: datetime | None, now: datetime, gather_seconds: int) -> int:
    """Return the whole seconds until the next run may start, 0 when it may start now; at most `gather_seconds`.

    A start in the future is what a clock that went back leaves behind: it holds up no run.
    """
    if last_start is None:
        return 0
    elapsed = (now - last_start).total_seconds()
    return math.ceil(gather_seconds - elapsed) if 0 <= elapsed < gather_seconds else 0
