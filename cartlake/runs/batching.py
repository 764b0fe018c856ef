"""How many of the files that wait a run takes: as many as the light engine may, unless Spark should take them all."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Final

from cartlake.runs.slicing import SizedFile, SliceLimits, fits

LIGHT_RUNS: Final = 4
"""Files for so many runs of the light engine are taken one run after the other; more are one run of Spark.

Four runs of 256 MB take about as long as Spark with its start, for about a fifth of its list price.
"""


def files_to_take(files: Sequence[SizedFile], limits: SliceLimits) -> int:
    """Return how many of the files, given oldest first, a run takes. All of them if they are too many for `LIGHT_RUNS`.

    Also all if one file alone is too large: it needs Spark, which may as well take the others.
    """
    most = SliceLimits(limits.files * LIGHT_RUNS, limits.expanded * LIGHT_RUNS, limits.rows * LIGHT_RUNS)
    if not fits(files, most) or not all(fits([file], limits) for file in files):
        return len(files)
    sums = zip(accumulate(file.expanded for file in files), accumulate(file.rows for file in files), strict=True)
    within = [size <= limits.expanded and rows <= limits.rows for size, rows in sums]
    return min(sum(within), int(min(limits.files, len(files))))
