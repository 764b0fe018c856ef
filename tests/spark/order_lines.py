"""One good order line: as a file has it, and as `processed.transactions` has it. Tests change what they are about."""

from datetime import UTC, datetime
from decimal import Decimal

AS_WRITTEN = {
    "order_id": "ORD-00000A17F3",
    "line_number": "1",
    "customer_id": "CUS-0004211",
    "customer_email": "ada@example.org",
    "product_id": "PRD-00042",
    "order_status": "paid",
    "channel": "web",
    "payment_method": "card",
    "country_code": "DE",
    "currency": "EUR",
    "quantity": "2",
    "unit_price": "19.99",
    "discount_amount": "5.00",
    "tax_amount": "6.65",
    "line_total": "41.63",
    "ordered_at": "2026-02-27T08:00:00Z",
    "updated_at": "2026-02-27T09:00:00Z",
}
IN_THE_TABLE = AS_WRITTEN | {
    "line_number": 1,
    "quantity": 2,
    "unit_price": Decimal("19.99"),
    "discount_amount": Decimal("5.00"),
    "tax_amount": Decimal("6.65"),
    "line_total": Decimal("41.63"),
    "ordered_at": datetime(2026, 2, 27, 8, tzinfo=UTC),
    "updated_at": datetime(2026, 2, 27, 9, tzinfo=UTC),
    "_ingested_at": datetime(2026, 3, 1, 12, tzinfo=UTC),
    "_source_file": "s3://raw/a.csv",
    "_run_id": "run-1",
}
