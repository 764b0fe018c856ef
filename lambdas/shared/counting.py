"""Business metrics in CloudWatch's embedded format, each logged at once, so that a later failure loses none."""

from aws_lambda_powertools.metrics import MetricUnit, single_metric

from lambdas.shared.entry import logger


def count(dataset: str, **values: float) -> None:
    """Add to counters, by dimensions `service` and `dataset`: `count("transactions", FilesValidated=1)`."""
    dimensions = {"service": logger.service, "dataset": dataset}
    for name, value in values.items():
        with single_metric(name=name, unit=MetricUnit.Count, value=value, default_dimensions=dimensions):
            pass
