"""Exports of Shopify, WooCommerce and Stripe: from the file that is dropped to rows of the table, on both engines."""

from datetime import UTC
from decimal import Decimal

import pytest

from cartlake.runs.reconciliation import reconcile
from lambdas.file_validator.content.refusal import Rejection
from tests.shops import EXPORTS, orders
from tests.spark.test_cases import comparable, validated

pytestmark = pytest.mark.spark

ORDERS = orders(3, 40)
LINES = {(order.number, place): (order, item) for order in ORDERS for place, item in enumerate(order.items, start=1)}


@pytest.fixture
def loaded(shared_lake):
    """Load an export with both engines; return the report and rows of each, which are the same."""

    def load(dataset, content):
        found = []
        for engine in ("light", "spark"):
            lake = shared_lake(engine, dataset)
            verdict = validated(dataset, "export.csv", content)
            assert not isinstance(verdict, Rejection), verdict
            lake.drop("export.csv", content, **verdict.format.model_dump())
            lake.files[-1] = lake.files[-1].model_copy(update={"received_at": "2026-03-01T10:00:00.000000Z"})
            report, files = lake.run()
            reconcile(report, {file.file_id for file in files})
            found.append((report.rows, lake.rows(), lake.rows("ops.quarantine_rows")))
        light, spark = found
        assert light[0] == spark[0]
        assert [comparable(rows) for rows in light[1:]] == [comparable(rows) for rows in spark[1:]]
        return light

    return load


def test_an_export_of_shopify_becomes_order_lines(loaded):
    counts, rows, refused = loaded("shopify_orders", EXPORTS["shopify_orders"](ORDERS))

    assert (counts.read, counts.published, counts.quarantined) == (len(LINES), len(LINES), 0), refused[:2]
    assert len(LINES) > 2 * len(ORDERS)
    for row in rows:
        order, (name, sku, units, price) = LINES[int(row["order_name"][1:]), row["line_number"]]
        assert (row["product_name"], row["sku"], row["quantity"], row["unit_price"]) == (
            name,
            sku or None,
            units,
            price,
        )
        assert (row["order_id"], row["currency"]) == (str(5_000_000_000_000 + order.number), order.currency)
        assert (row["order_total"], row["order_refunded"], row["shop_system"]) == (
            order.total,
            order.refunded,
            "shopify",
        )
        assert row["created_at"] == row["paid_at"] == order.at.astimezone(UTC)
        assert row["financial_status"] == ("refunded" if order.refunded else "paid")


def test_an_export_of_woocommerce_becomes_items(loaded):
    counts, rows, refused = loaded("woocommerce_orders", EXPORTS["woocommerce_orders"](ORDERS))

    assert (counts.read, counts.published, counts.quarantined) == (len(LINES), len(LINES), 0), refused[:2]
    for row in rows:
        order, (name, sku, units, price) = LINES[int(row["order_id"]), row["item_number"]]
        assert (row["product_name"], row["sku"], row["quantity"]) == (name, sku or None, units)
        assert (row["item_total"], row["order_total"]) == (units * price, order.total)
        assert (row["currency"], row["order_refunded"]) == (order.currency, order.refunded)
        assert row["created_at"] == order.at.replace(tzinfo=UTC)


def test_an_export_of_stripe_becomes_payments(loaded):
    counts, rows, refused = loaded("stripe_payments", EXPORTS["stripe_payments"](ORDERS))

    assert (counts.read, counts.published, counts.quarantined) == (len(ORDERS), len(ORDERS), 0), refused[:2]
    by_number = {order.number: order for order in ORDERS}
    for row in rows:
        order = by_number[int(row["order_reference"])]
        assert (row["amount"], row["amount_refunded"], row["currency"]) == (
            order.total,
            order.refunded,
            order.currency.lower(),
        )
        assert (row["created_at"], row["provider"]) == (order.at.astimezone(UTC), "stripe")
        assert (row["fee"], row["is_captured"]) == (Decimal("1.70"), True)


def test_what_is_wrong_in_an_export_is_quarantined_and_nothing_is_taken_from_another_order(loaded):
    header, *lines = EXPORTS["shopify_orders"](ORDERS[:0] + [order for order in ORDERS if not order.note]).splitlines()
    first = next(
        place for place, line in enumerate(lines[:-1]) if lines[place + 1].split(b",")[0] == line.split(b",")[0]
    )
    broken = b"\n".join([header, *lines[:first], lines[first] + b",one,too,many", *lines[first + 1 :], b""])
    name = lines[first].split(b",")[0]
    following = [line for line in lines[first + 1 :] if line.startswith(name + b",")]

    counts, _, refused = loaded("shopify_orders", broken)

    assert (counts.read, counts.quarantined) == (len(lines), 1 + len(following))
    reasons = sorted(tuple(row["reasons"]) for row in refused)
    assert reasons[0] == ("malformed_row",)
    assert all("order_id_required" in row for row in reasons[1:])
