"""Customer segments as data: which RFM scores belong to which name."""

from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import Final

from cartlake.engine import Column, F

Scores = tuple[int, int]
"""The lowest and the highest score that belong, both included."""

ANY: Final[Scores] = (1, 5)


@dataclass(frozen=True, slots=True)
class Segment:
    """A name for customers whose three scores lie in these ranges."""

    name: str
    recency: Scores = ANY
    frequency: Scores = ANY
    monetary: Scores = ANY

    def matches(self) -> Column:
        """Return whether the scores of a row lie in the ranges."""
        ranges = {
            "recency_score": self.recency,
            "frequency_score": self.frequency,
            "monetary_score": self.monetary,
        }
        within = (F.col(score).between(F.lit(low), F.lit(high)) for score, (low, high) in ranges.items())
        return reduce(and_, within)


SEGMENTS: Final = (
    Segment("champions", recency=(4, 5), frequency=(4, 5), monetary=(4, 5)),
    Segment("loyal", recency=(3, 5), frequency=(4, 5)),
    Segment("potential_loyalist", recency=(4, 5), frequency=(2, 3)),
    Segment("new", recency=(5, 5), frequency=(1, 1)),
    Segment("promising", recency=(4, 4), frequency=(1, 1)),
    Segment("need_attention", recency=(3, 3), frequency=(2, 3)),
    Segment("about_to_sleep", recency=(3, 3), frequency=(1, 1)),
    Segment("cannot_lose", recency=(1, 2), frequency=(4, 5), monetary=(4, 5)),
    Segment("at_risk", recency=(1, 2), frequency=(3, 5)),
    Segment("hibernating", recency=(2, 2), frequency=(1, 2)),
    Segment("lost", recency=(1, 1), frequency=(1, 2)),
)
"""In order: the first that matches names the customer. Together they cover every combination of scores."""


def segment_name() -> Column:
    """Return the name of the first segment that matches the scores; null when a score is missing or not 1 to 5."""
    matching = (F.when(segment.matches(), F.lit(segment.name)) for segment in SEGMENTS)
    return F.coalesce(*matching)
