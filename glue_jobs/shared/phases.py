"""The seconds a job spends in each of its named phases."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

log = logging.getLogger(__name__)


class Phases:
    """Measures named phases. `seconds`, by name, goes into reports; a phase entered twice adds up."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Measure the block as part of the phase, also when it raises."""
        start = time.monotonic()
        try:
            yield
        finally:
            taken = time.monotonic() - start
            self.seconds[name] = round(self.seconds.get(name, 0.0) + taken, 3)
            log.info("phase %s took %.3f s", name, taken)
