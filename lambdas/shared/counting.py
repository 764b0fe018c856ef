"""Business metrics in CloudWatch's embedded format, each logged at once, so that a later failure loses none."""

from functools import cache

from aws_lambda_powertools.metrics import MetricUnit, single_metric
from pydantic_settings import BaseSettings

from lambdas.shared.metric_names import ALARMED, LAKE, UNITS


class MetricSettings(BaseSettings):
    """`metrics_by_dataset`: whether every metric is sent, with its dataset, beside those that alarms watch."""

    metrics_by_dataset: bool = False


@cache
def _settings() -> MetricSettings:
    return MetricSettings()


def count(dataset: str, **values: float | None) -> None:
    """Send metrics of a dataset: `count("transactions", FilesValidated=1)`. A value of None is left out.

    Metrics that an alarm watches are sent for the whole lake, by dimension `service`; with `METRICS_BY_DATASET` all of
    them also by `service` and `dataset`. Raises KeyError for a name that `metric_names` does not list.
    """
    for name, value in values.items():
        unit = UNITS[name]
        if value is None:
            continue
        if name in ALARMED:
            _send(name, unit, value, {"service": LAKE})
        if _settings().metrics_by_dataset:
            _send(name, unit, value, {"service": LAKE, "dataset": dataset})


def _send(name: str, unit: MetricUnit, value: float, dimensions: dict[str, str]) -> None:
    with single_metric(name=name, unit=unit, value=value, default_dimensions=dimensions):
        pass
