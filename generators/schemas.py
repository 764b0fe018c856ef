"""The columns of every generated dataset, in file order, with the types Parquet files give them.

They are those of the contracts; a test proves that they agree.
"""

from typing import Final

import pyarrow as pa

from generators.columns import MONEY, TIMESTAMP

TEXT: Final = pa.string()
RATE: Final = pa.decimal128(18, 8)

TRANSACTIONS: Final = pa.schema(
    [
        ("order_id", TEXT),
        ("line_number", pa.int32()),
        ("customer_id", TEXT),
        ("customer_email", TEXT),
        ("product_id", TEXT),
        ("order_status", TEXT),
        ("channel", TEXT),
        ("payment_method", TEXT),
        ("country_code", TEXT),
        ("currency", TEXT),
        ("quantity", pa.int32()),
        ("unit_price", MONEY),
        ("discount_amount", MONEY),
        ("tax_amount", MONEY),
        ("line_total", MONEY),
        ("ordered_at", TIMESTAMP),
        ("updated_at", TIMESTAMP),
    ]
)
CUSTOMERS: Final = pa.schema(
    [
        ("customer_id", TEXT),
        ("source_system", TEXT),
        ("first_name", TEXT),
        ("last_name", TEXT),
        ("email", TEXT),
        ("phone", TEXT),
        ("birth_date", pa.date32()),
        ("street", TEXT),
        ("postal_code", TEXT),
        ("city", TEXT),
        ("country_code", TEXT),
        ("marketing_consent", pa.bool_()),
        ("registered_at", TIMESTAMP),
        ("updated_at", TIMESTAMP),
    ]
)
VENDORS: Final = pa.schema(
    [
        ("vendor_id", TEXT),
        ("vendor_name", TEXT),
        ("country_code", TEXT),
        ("contact_email", TEXT),
        ("lead_time_days", pa.int32()),
        ("is_active", pa.bool_()),
        ("updated_at", TIMESTAMP),
    ]
)
PRODUCTS: Final = pa.schema(
    [
        ("product_id", TEXT),
        ("product_name", TEXT),
        ("category", TEXT),
        ("brand", TEXT),
        ("vendor_id", TEXT),
        ("list_price", MONEY),
        ("unit_cost", MONEY),
        ("stock_quantity", pa.int32()),
        ("is_active", pa.bool_()),
        ("launched_on", pa.date32()),
        ("updated_at", TIMESTAMP),
    ]
)
FX_RATES: Final = pa.schema(
    [
        ("rate_date", pa.date32()),
        ("currency", TEXT),
        ("rate", RATE),
        ("updated_at", TIMESTAMP),
    ]
)
CLICKSTREAM: Final = pa.schema(
    [
        ("event_id", TEXT),
        ("event_at", TIMESTAMP),
        ("event_type", TEXT),
        ("visitor_id", TEXT),
        ("customer_id", TEXT),
        ("page_path", TEXT),
        ("product_id", TEXT),
        ("order_id", TEXT),
        ("referrer_host", TEXT),
        ("utm_source", TEXT),
        ("utm_medium", TEXT),
        ("utm_campaign", TEXT),
        ("device", TEXT),
        ("user_agent", TEXT),
        ("country_code", TEXT),
        ("received_at", TIMESTAMP),
    ]
)
REVIEWS: Final = pa.schema(
    [
        ("review_id", TEXT),
        ("order_id", TEXT),
        ("customer_id", TEXT),
        ("product_id", TEXT),
        ("purchased_on", pa.date32()),
        ("rating", pa.int32()),
        ("title", TEXT),
        ("body", TEXT),
        ("reviewed_at", TIMESTAMP),
        ("updated_at", TIMESTAMP),
    ]
)

SCHEMAS: Final = {
    "customers": CUSTOMERS,
    "vendors": VENDORS,
    "products": PRODUCTS,
    "fx_rates": FX_RATES,
    "transactions": TRANSACTIONS,
    "clickstream": CLICKSTREAM,
    "reviews": REVIEWS,
}
