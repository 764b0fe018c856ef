"""Events of visitors that a warehouse has, in the form of the clickstream. Nothing here reads, writes or counts."""

from typing import Final

from cartlake.engine import DataFrame, F
from glue_jobs.transforms.products import UNKNOWN, UNKNOWN_COUNTRY

EVENT: Final = (
    *("event_id", "event_at", "event_type", "visitor_id", "customer_id", "page_path", "product_id", "order_id"),
    *("utm_source", "utm_medium", "utm_campaign", "referrer_host", "device", "user_agent", "country_code"),
)
"""The columns that sessions are made of, whichever table an event comes from."""

DEVICES: Final = ("desktop", "mobile", "tablet")


def warehouse_events(redshift_behavior: DataFrame) -> DataFrame:
    """Return the events of known visitors with the columns of EVENT; what is not told is said to be unknown."""
    device = F.lower(F.trim(F.col("device")))
    made = {
        "customer_id": F.col("customer_reference"),
        "product_id": F.col("sku"),
        "order_id": F.col("order_reference"),
        "page_path": F.coalesce(F.col("page_path"), F.lit(UNKNOWN)),
        "device": F.when(device.isin(*DEVICES), device).otherwise(F.lit(UNKNOWN)),
        "country_code": F.coalesce(F.upper(F.col("country_code")), F.lit(UNKNOWN_COUNTRY)),
    }
    visitors = redshift_behavior.where(F.col("visitor_id").isNotNull())
    return visitors.select(*(made.get(name, F.col(name)).alias(name) for name in EVENT))
