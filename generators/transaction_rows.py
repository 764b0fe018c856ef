"""Order lines as the columns of the contract `transactions`."""

from typing import Final

import numpy as np

from generators.columns import Amount, Batch, Choice, Identifier, Instant, Pool, Whole
from generators.lifecycle import STATUSES
from generators.order_lines import OrderLines
from generators.world import CHANNELS, CURRENCIES, MARKETS, PAYMENT_METHODS, World

STATUS_POOL: Final = Pool.of(STATUSES)
CHANNEL_POOL: Final = Pool.of(CHANNELS)
PAYMENT_POOL: Final = Pool.of(PAYMENT_METHODS)
COUNTRY_POOL: Final = Pool.of([market.country for market in MARKETS])
CURRENCY_POOL: Final = Pool.of(CURRENCIES)


def transaction_batch(lines: OrderLines, world: World) -> Batch:
    return {
        "order_id": Identifier("ORD-", lines.order, 10),
        "line_number": Whole(lines.line),
        "customer_id": Identifier("CUS-", lines.customer + 1, 7, base=10),
        "customer_email": Choice(world.email_pool, np.where(lines.mailed, lines.customer, -1)),
        "product_id": Identifier("PRD-", lines.product + 1, 5, base=10),
        "order_status": Choice(STATUS_POOL, lines.status),
        "channel": Choice(CHANNEL_POOL, lines.channel),
        "payment_method": Choice(PAYMENT_POOL, lines.payment),
        "country_code": Choice(COUNTRY_POOL, lines.market),
        "currency": Choice(CURRENCY_POOL, lines.currency),
        "quantity": Whole(lines.quantity),
        "unit_price": Amount(lines.unit_price),
        "discount_amount": Amount(lines.discount),
        "tax_amount": Amount(lines.tax),
        "line_total": Amount(lines.total),
        "ordered_at": Instant(lines.ordered_at),
        "updated_at": Instant(lines.updated_at),
    }
