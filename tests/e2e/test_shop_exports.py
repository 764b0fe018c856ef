"""Exports of shops, dropped as they are, are in the marts."""

from datetime import UTC
from decimal import Decimal

import pytest

from cartlake_cli.operations.follow import follow_refresh
from tests.shops import EXPORTS, orders

pytestmark = pytest.mark.e2e

SOLD = (
    "select currency, sum(net_revenue + taxes), sum(returned_revenue), sum(customers) from curated.sales_daily "
    "where channel = '{channel}' group by currency order by currency"
)


@pytest.mark.parametrize(("dataset", "channel"), [("shopify_orders", "shopify"), ("woocommerce_orders", "woocommerce")])
def test_what_a_shop_sold_is_in_the_marts_to_the_cent(lake, run_lake, rows_of, tmp_path, dataset, channel):
    drawn = orders(7, 12)
    export = tmp_path / f"{dataset}.csv"
    export.write_bytes(EXPORTS[dataset](drawn))

    run_lake("drop", dataset, export, "--wait")
    follow_refresh(lake)

    expected = {}
    for order in drawn:
        sold, returned = expected.get(order.currency, (Decimal(0), Decimal(0)))
        expected[order.currency] = (sold + order.total, returned + order.refunded)
    found = rows_of(SOLD.format(channel=channel))
    assert {currency: (Decimal(sold), Decimal(back)) for currency, sold, back, _ in found} == expected
    assert {customers for *_, customers in found} == {"0"}
    # WooCommerce exports times without an offset, which are read as UTC.
    times = [order.at.replace(tzinfo=UTC) if channel == "woocommerce" else order.at for order in drawn]
    days = rows_of(
        f"select distinct cast(order_date as varchar) from processed.shop_order_lines where channel = '{channel}'"
    )
    assert {day for [day] in days} == {str(time.astimezone(UTC).date()) for time in times}
