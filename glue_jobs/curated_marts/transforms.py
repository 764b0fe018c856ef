"""The transforms that contracts name as `curated_marts.<function>`. Each is in the module of its subject."""

from glue_jobs.curated_marts.calendar import dim_date
from glue_jobs.curated_marts.customers import (
    cohort_retention,
    customer_ltv,
    customer_months,
    customer_rfm,
    customer_segments,
)
from glue_jobs.curated_marts.products import product_performance
from glue_jobs.curated_marts.sales import sales_daily, sales_monthly, sales_weekly

__all__ = [
    "cohort_retention",
    "customer_ltv",
    "customer_months",
    "customer_rfm",
    "customer_segments",
    "dim_date",
    "product_performance",
    "sales_daily",
    "sales_monthly",
    "sales_weekly",
]
