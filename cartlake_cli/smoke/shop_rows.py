"""Rows of shops' exports for a smoke test: two good ones or one, and one that breaks a rule."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from cartlake_cli.smoke.rows import Keys

Rows = tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]


def shopify_orders(at: datetime, keys: Keys) -> Rows:
    """Return good and bad lines of a Shopify order."""
    row: dict[str, Any] = {
        "order_id": keys.hubspot,
        "line_number": 1,
        "order_name": keys.order,
        "created_at": at,
        "currency": "EUR",
        "order_total": Decimal("0.01"),
        "product_name": "Smoke test",
        "quantity": 1,
        "unit_price": Decimal("0.01"),
    }
    return [row, row | {"line_number": 2}], [row | {"line_number": 3, "quantity": -1}]


def woocommerce_orders(at: datetime, keys: Keys) -> Rows:
    """Return good and bad items of a WooCommerce order."""
    row: dict[str, Any] = {
        "order_id": keys.hubspot,
        "item_number": 1,
        "created_at": at,
        "status": "completed",
        "currency": "EUR",
        "order_total": Decimal("0.01"),
        "product_name": "Smoke test",
        "quantity": 1,
        "item_total": Decimal("0.01"),
    }
    return [row, row | {"item_number": 2}], [row | {"item_number": 3, "quantity": -1}]


def stripe_payments(at: datetime, keys: Keys) -> Rows:
    """Return a good and a bad payment of Stripe."""
    row: dict[str, Any] = {
        "payment_id": f"ch_{keys.hubspot}",
        "created_at": at,
        "amount": Decimal("0.01"),
        "currency": "eur",
        "status": "Paid",
    }
    return [row], [row | {"payment_id": f"ch_{keys.hubspot}1", "amount": Decimal(-1)}]
