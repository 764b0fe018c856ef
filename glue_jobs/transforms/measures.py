"""Measures of processed.order_lines that the tables of sales and products sum, named as in their contracts.

Cancelled lines are counted and are in no sum. Returned lines were sold, so they are in every sum, and again by
themselves in the columns that begin with `returned`. Amounts in the reporting
currency leave out lines that could not be converted yet.
"""

from cartlake.engine import Column, F
from glue_jobs.transforms.money import MONEY
from glue_jobs.transforms.people import is_known


def counts() -> dict[str, Column]:
    """Return exact numbers of orders, lines, units and known customers. Orders and customers must not be summed."""
    is_sold = F.col("is_sold")
    return {
        "orders": F.countDistinct(F.when(is_sold, F.col("order_id"))),
        "order_lines": lines_that(is_sold),
        "units": units_that(is_sold),
        "customers": F.countDistinct(F.when(is_sold & is_known(), F.col("customer_id"))),
        "cancelled_lines": lines_that(~is_sold),
        "returned_lines": lines_that(F.col("is_returned")),
        "unconverted_lines": lines_that(is_sold & ~is_converted()),
        "uncosted_lines": lines_that(is_sold & is_converted() & F.col("cost_reporting").isNull()),
    }


def reporting_amounts() -> dict[str, Column]:
    """Return sums over sold, converted lines, in the reporting currency. Cost and margin leave out `uncosted_lines`."""
    is_sold = F.col("is_sold")
    return {
        "gross_reporting": total(is_sold, "gross_reporting"),
        "discount_reporting": total(is_sold, "discount_reporting"),
        "net_reporting": total(is_sold, "net_reporting"),
        "tax_reporting": total(is_sold, "tax_reporting"),
        "returned_reporting": total(F.col("is_returned"), "net_reporting"),
        "cost_reporting": total(is_sold & is_converted(), "cost_reporting"),
        "margin_reporting": total(is_sold, "margin_reporting"),
    }


def is_converted() -> Column:
    """Return whether the line's amounts could be converted."""
    return F.col("net_reporting").isNotNull()


def lines_that(condition: Column) -> Column:
    """Count the lines that meet a condition."""
    return F.count(F.when(condition, F.lit(1)))


def units_that(condition: Column) -> Column:
    """Sum the quantity, as bigint, of the lines that meet a condition."""
    return total(condition, "quantity", "bigint")


def total(condition: Column, name: str, kind: str = MONEY) -> Column:
    """Sum a column over rows that meet a condition; 0 when there are none."""
    return F.coalesce(F.sum(F.when(condition, F.col(name))), F.lit(0)).cast(kind)
