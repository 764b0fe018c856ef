"""What the resources of a plan cost in a month while nothing happens, and which of them cost more or less per use.

Prices are those of `cartlake_cli/costs/prices.toml`, in USD. A month has 730 hours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cartlake_cli.costs.prices import prices

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cartlake_cli.deployment.plans import Change

HOURS: Final = 730

A_MONTH: Final[Mapping[str, tuple[str, str]]] = {
    "aws_cloudwatch_composite_alarm": ("cloudwatch", "composite_alarm_month"),
    "aws_cloudwatch_dashboard": ("cloudwatch", "dashboard_month"),
    "aws_cloudwatch_metric_alarm": ("cloudwatch", "alarm_month"),
    "aws_kms_key": ("kms", "key_month"),
    "aws_secretsmanager_secret": ("secretsmanager", "secret_month"),
}
"""The price of a month of one resource, by type. Types that are not here cost by the hour or by use."""

PER_USE: Final = {
    "aws_glue_job": ("number_of_workers", "worker_type"),
    "aws_lambda_function": ("ephemeral_storage", "memory_size"),
}
"""Attributes that decide what a use costs."""


@dataclass(frozen=True, slots=True)
class Resized:
    """An attribute that changes what each use of a resource costs."""

    address: str
    attribute: str
    before: Any
    after: Any


def monthly(kind: str, attributes: Mapping[str, Any]) -> float:
    """Return what a resource costs in a month while nothing happens, in USD."""
    price = prices()
    if kind == "aws_vpc_endpoint" and attributes.get("vpc_endpoint_type") == "Interface":
        return price["vpc"]["endpoint_hour"] * HOURS * max(len(attributes.get("subnet_ids") or ()), 1)
    if kind == "aws_nat_gateway":
        return price["vpc"]["nat_gateway_hour"] * HOURS
    if kind not in A_MONTH:
        return 0.0
    service, item = A_MONTH[kind]
    # Each metric of an alarm's expression is billed.
    metrics = sum(bool(one.get("metric")) for one in attributes.get("metric_query") or ())
    return price[service][item] * max(metrics, 1)


def monthly_change(changes: Sequence[Change]) -> float:
    """Return by how much the fixed cost of a month changes, in USD."""
    before, after = (
        sum(monthly(change.type, side) for change in changes if (side := getattr(change, name)))
        for name in ("before", "after")
    )
    return round(after - before, 2)


def resized(changes: Sequence[Change]) -> list[Resized]:
    """Return what makes each use of a resource cheaper or dearer."""
    return [
        Resized(change.address, name, change.before[name], change.after[name])
        for change in changes
        for name in PER_USE.get(change.type, ())
        if change.before.get(name) is not None
        and change.after.get(name) is not None
        and change.before[name] != change.after[name]
    ]
