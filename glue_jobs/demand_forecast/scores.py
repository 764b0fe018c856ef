"""How good quantile forecasts are: the loss they are chosen by, and how often the truth lies between P10 and P90.

Arrays of forecasts are [p, h, q]: products, days ahead, and the quantiles of `QUANTILES`. Days that are not known are
NaN in `actual` [p, h] and count nowhere.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from glue_jobs.demand_forecast.demand import Floats

QUANTILES: Final = (0.1, 0.5, 0.9)


@dataclass(frozen=True, slots=True)
class Score:
    """Sums over days of products, so that scores of several periods can be added.

    loss: pinball loss, summed over quantiles. units: sold. known: days counted. covered: days from P10 to P90.
    """

    loss: float = 0.0
    units: float = 0.0
    known: int = 0
    covered: int = 0

    def __add__(self, other: "Score") -> "Score":
        return Score(
            self.loss + other.loss,
            self.units + other.units,
            self.known + other.known,
            self.covered + other.covered,
        )

    @property
    def error(self) -> float | None:
        """Return the weighted quantile loss, 2 * loss / (quantiles * units); None where nothing was sold.

        The measure of the M5 competition's uncertainty track without its scaling by product, as Amazon Forecast has
        it: 0 is perfect, and for P50 alone it is the absolute error as a share of the units sold.
        """
        return 2 * self.loss / (len(QUANTILES) * self.units) if self.units else None

    @property
    def coverage(self) -> float | None:
        """Return the share of days whose units lie from P10 to P90; None where no day is known."""
        return self.covered / self.known if self.known else None


def pinball(actual: Floats, forecast: Floats) -> Floats:
    """Return the pinball loss [p, h, q], max(q * e, (q - 1) * e) of e = actual - forecast (Koenker, Bassett, 1978)."""
    excess = actual[..., None] - forecast
    loss: Floats = np.maximum(np.array(QUANTILES) * excess, (np.array(QUANTILES) - 1) * excess)
    return loss


def score(actual: Floats, forecast: Floats) -> Score:
    """Return the score of a forecast."""
    known = ~np.isnan(actual)
    covered = (forecast[..., 0] <= actual) & (actual <= forecast[..., -1])
    return Score(
        float(np.nansum(pinball(actual, forecast))),
        float(np.nansum(actual)),
        int(known.sum()),
        int((covered & known).sum()),
    )


def in_order(forecast: Floats) -> Floats:
    """Return the forecast in whole units, never negative, with quantiles that do not cross.

    Quantiles of counts are whole numbers; sorting is the rearrangement of Chernozhukov and others (2010).
    """
    ordered: Floats = np.sort(np.maximum(np.rint(forecast), 0.0), axis=-1)
    return ordered
