"""Rows of processed.order_lines, which the tables of sales and products sum, and the sums they have in euros."""

from datetime import UTC, date, datetime
from decimal import Decimal

DAY = date(2026, 2, 27)  # a Friday
AMOUNTS = {
    "gross_amount": "12.00",
    "discount_amount": "2.00",
    "net_amount": "10.00",
    "tax_amount": "1.90",
    "line_total": "11.90",
    "gross_reporting": "6.00",
    "discount_reporting": "1.00",
    "net_reporting": "5.00",
    "tax_reporting": "0.95",
    "unit_cost": "3.00",
    "cost_reporting": "3.00",
    "margin_reporting": "2.00",
}
UNCONVERTED = dict.fromkeys(name for name in AMOUNTS if name.endswith("_reporting") and name != "cost_reporting")
UNCOSTED = dict.fromkeys(("unit_cost", "cost_reporting", "margin_reporting"))
EUROS = (
    *("gross_reporting", "discount_reporting", "net_reporting", "tax_reporting", "returned_reporting"),
    *("cost_reporting", "margin_reporting"),
)


def line(**changes):
    """A row of processed.order_lines: one unit, ten dollars net, five euros, of which two are margin."""
    usual = {
        "order_date": DAY,
        "order_id": "o1",
        "line_number": 1,
        "ordered_at": datetime(2026, 2, 27, 12, tzinfo=UTC),
        "customer_id": "CUS-0000001",
        "product_id": "PRD-00042",
        "order_status": "delivered",
        "channel": "web",
        "payment_method": "card",
        "country_code": "US",
        "currency": "USD",
        "quantity": 1,
    }
    row = usual | {name: Decimal(amount) for name, amount in AMOUNTS.items()} | changes
    status = row["order_status"]
    return {"is_sold": status != "cancelled", "is_returned": status == "refunded"} | row


MIXED = [
    line(quantity=3),
    line(line_number=2, order_status="refunded"),
    line(line_number=3, order_status="cancelled", quantity=9, customer_id="CUS-0000009"),
    line(order_id="o2", **UNCONVERTED),
    line(order_id="o3", customer_id="CUS-0000002", **UNCOSTED),
    line(order_id="o4", order_status="cancelled"),
]
