"""The transforms that contracts name as `curated_marts.<function>`. Each is in the module of its subject."""

from glue_jobs.curated_marts.calendar import dim_date
from glue_jobs.curated_marts.products import product_performance
from glue_jobs.curated_marts.sales import sales_daily, sales_monthly, sales_weekly

__all__ = ["dim_date", "product_performance", "sales_daily", "sales_monthly", "sales_weekly"]
