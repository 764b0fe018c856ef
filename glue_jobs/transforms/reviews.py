"""Reviews without personal data, with their purchase, and the newest one of each product and customer."""

from typing import Final

from cartlake.engine import Column, DataFrame, F, Window
from glue_jobs.transforms.personal_data.masking import masked

TEXTS: Final = ("title", "body", "_raw_title", "_raw_body", "_corrupt_record")

_REVIEW: Final = (
    *("purchased_on", "review_id", "order_id", "customer_id", "product_id"),
    *("rating", "title", "body", "reviewed_at", "updated_at"),
)
_PURCHASE: Final = ("purchased_on", "order_id", "customer_id", "product_id")


def mask_personal_data(conformed: DataFrame) -> DataFrame:
    """Mask the personal data in the texts of conformed reviews, and in the raw text, which quarantine keeps for long.

    The columns stay as they are, in their order. `masking` says what counts as personal data.
    """
    return conformed.select(*(_without_personal_data(name) for name in conformed.columns))


def verified_reviews(reviews: DataFrame, transactions: DataFrame) -> DataFrame:
    """Look the purchases of reviews up, and keep all reviews.

    `is_verified_purchase`: the order has a line of that product and customer, placed on that UTC day, that was not
    cancelled. A returned line counts as a purchase.
    """
    bought = F.col("order_status") != F.lit("cancelled")
    purchases = (
        transactions.where(bought)
        .select(F.to_date(F.col("ordered_at")).alias("purchased_on"), *_PURCHASE[1:])
        .groupBy(*_PURCHASE)
        .agg(F.count(F.lit(1)).alias("_lines"))
    )
    looked_up = reviews.select(*_REVIEW).join(purchases, on=list(_PURCHASE), how="left")
    return looked_up.select(*_REVIEW, F.col("_lines").isNotNull().alias("is_verified_purchase"))


def fct_reviews(verified_reviews: DataFrame) -> DataFrame:
    """Keep one review per product and customer: the newest.

    The review that was changed last stays; of those the one written last, then the greatest review_id.
    `review_length`: characters of title and body as they are stored, without what was masked.
    """
    newest_first = Window.partitionBy("product_id", "customer_id").orderBy(
        F.desc("updated_at"), F.desc("reviewed_at"), F.desc("review_id")
    )
    ranked = verified_reviews.withColumn("_rank", F.row_number().over(newest_first))
    return ranked.where(F.col("_rank") == F.lit(1)).select(
        *("product_id", "customer_id", "review_id", "order_id", "purchased_on"),
        *("rating", "title", "body", "reviewed_at", "updated_at"),
        (_length("title") + _length("body")).cast("bigint").alias("review_length"),
        F.col("is_verified_purchase"),
    )


def _without_personal_data(name: str) -> Column:
    return masked(F.col(name)).alias(name) if name in TEXTS else F.col(name)


def _length(name: str) -> Column:
    return F.length(F.coalesce(F.col(name), F.lit("")))
