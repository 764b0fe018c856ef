"""Ratings of products from verified reviews, in exact arithmetic."""

from typing import Final

from cartlake.engine import DataFrame, F
from glue_jobs.transforms.money import quotient

PRIOR_WEIGHT: Final = 10
"""C: how many reviews of an average product are added to those of every product. With ten reviews of its own, a product
is half way between the mean of the shop and its own."""


def with_ratings(products: DataFrame, fct_reviews: DataFrame) -> DataFrame:
    """Add review_count, rating_average and rating_bayesian to rows with a `product_id`. Only verified reviews count.

    rating_bayesian = (C * m + sum of ratings) / (C + n): n reviews of the product, m the mean rating of all, C the
    weight of the prior. It is the "weighted rating" that IMDb described for its Top 250, v/(v+m)*R + m/(v+m)*C in the
    letters used there. Without reviews of its own a product has the mean of all; null when there are none at all.

    With m = M/N it is (C * M + sum * N) / (N * (C + n)), a quotient of integers. Exact for as long as N times the
    largest n stays below 4 * 10^14.
    """
    verified = fct_reviews.where(F.col("is_verified_purchase"))
    counted = F.count(F.lit(1))
    stars = F.coalesce(F.sum("rating"), F.lit(0)).cast("bigint")
    all_reviews = verified.agg(counted.alias("_all"), stars.alias("_all_stars"))
    own = verified.groupBy(F.col("product_id").alias("_reviewed_id")).agg(counted.alias("_own"), stars.alias("_stars"))
    joined = products.join(own, on=F.col("product_id") == F.col("_reviewed_id"), how="left").crossJoin(all_reviews)
    numbers = joined.select(
        *(F.col(name) for name in products.columns),
        *(F.coalesce(F.col(name), F.lit(0)).cast("bigint").alias(name) for name in ("_own", "_stars")),
        *("_all", "_all_stars"),
    )
    prior = f"{PRIOR_WEIGHT} * _all_stars"
    weighted = quotient(f"(1000 * ({prior} + _stars * _all))", f"(_all * ({PRIOR_WEIGHT} + _own))", 3, 4)
    return numbers.select(
        *(F.col(name) for name in products.columns),
        F.col("_own").alias("review_count"),
        quotient("(1000 * _stars)", "_own", 3, 4).alias("rating_average"),
        weighted.alias("rating_bayesian"),
    )
