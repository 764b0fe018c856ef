"""`python run.py WORLD OUT`: one script, as many teams have it: read all files, deduplicate, write Parquet.

Runs in Cartlake's own environment. Every run reads every file again and overwrites every table.
"""

import os
import sys
from pathlib import Path

from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F

SCHEMAS = {
    "transactions": (
        "order_id string, line_number int, customer_id string, customer_email string, product_id string,"
        " order_status string, channel string, payment_method string, country_code string, currency string,"
        " quantity int, unit_price decimal(12,2), discount_amount decimal(12,2), tax_amount decimal(12,2),"
        " line_total decimal(12,2), ordered_at timestamp, updated_at timestamp"
    ),
    "customers": (
        "customer_id string, source_system string, first_name string, last_name string, email string, phone string,"
        " birth_date date, street string, postal_code string, city string, country_code string,"
        " marketing_consent boolean, registered_at timestamp, updated_at timestamp"
    ),
    "products": (
        "product_id string, product_name string, category string, brand string, vendor_id string,"
        " list_price decimal(12,2), unit_cost decimal(12,2), stock_quantity int, is_active boolean, launched_on date,"
        " updated_at timestamp"
    ),
    "vendors": (
        "vendor_id string, vendor_name string, country_code string, contact_email string, lead_time_days int,"
        " is_active boolean, updated_at timestamp"
    ),
    "fx_rates": "rate_date date, currency string, rate decimal(18,8), updated_at timestamp",
    "clickstream": (
        "event_id string, event_at timestamp, event_type string, visitor_id string, customer_id string,"
        " page_path string, product_id string, order_id string, referrer_host string, utm_source string,"
        " utm_medium string, utm_campaign string, device string, user_agent string, country_code string,"
        " received_at timestamp"
    ),
    "reviews": (
        "review_id string, order_id string, customer_id string, product_id string, purchased_on date, rating int,"
        " title string, body string, reviewed_at timestamp, updated_at timestamp"
    ),
}
# Key, and the column whose greatest value wins.
KEYS = {
    "transactions": (["order_id", "line_number"], "updated_at"),
    "customers": (["customer_id", "updated_at"], "updated_at"),
    "products": (["product_id", "updated_at"], "updated_at"),
    "vendors": (["vendor_id", "updated_at"], "updated_at"),
    "fx_rates": (["rate_date", "currency"], "updated_at"),
    "clickstream": (["event_id"], "received_at"),
    "reviews": (["review_id"], "updated_at"),
}
MONEY = "decimal(18,2)"
ROBOTS = "bot|crawl|spider|slurp|headless|curl|wget|python-requests"


def main(world: Path, out: Path, time_parser: str) -> None:
    spark = session(time_parser)
    tables = {name: silver(spark, world, name) for name in SCHEMAS}
    for name, frame in tables.items():
        tables[name] = written(spark, frame, out / "silver" / name)
    lines = order_lines(tables["transactions"], tables["fx_rates"], tables["products"])
    lines = written(spark, lines, out / "gold" / "order_lines")
    orders = written(spark, fct_orders(lines), out / "gold" / "fct_orders")
    written(spark, sales_daily(lines), out / "gold" / "sales_daily")
    written(spark, sales_monthly(lines), out / "gold" / "sales_monthly")
    sessions = written(spark, fct_sessions(tables["clickstream"]), out / "gold" / "fct_sessions")
    written(spark, conversion_funnel(sessions), out / "gold" / "conversion_funnel")
    written(spark, dim_product(tables["products"], tables["vendors"]), out / "gold" / "dim_product")
    written(spark, customer_rfm(orders), out / "gold" / "customer_rfm")
    written(spark, fct_reviews(tables["reviews"], tables["transactions"]), out / "gold" / "fct_reviews")
    spark.stop()


def session(time_parser: str) -> SparkSession:
    conf = {
        "spark.master": "local[2]",
        "spark.driver.memory": "2g",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "4",
        "spark.sql.legacy.timeParserPolicy": time_parser,
    }
    return SparkSession.builder.config(map={**conf}).getOrCreate()


def silver(spark: SparkSession, world: Path, name: str) -> DataFrame:
    """The newest row of every key. What does not fit a column is null: PERMISSIVE is what Spark does by default."""
    keys, version = KEYS[name]
    rows = spark.read.schema(SCHEMAS[name]).csv(str(world / name / "*.csv"), header=True, escape='"', mode="PERMISSIVE")
    newest_first = Window.partitionBy(*keys).orderBy(F.desc(version))
    ranked = rows.dropna(subset=[*keys, version]).withColumn("_rank", F.row_number().over(newest_first))
    return ranked.where("_rank = 1").drop("_rank")


def written(spark: SparkSession, frame: DataFrame, path: Path) -> DataFrame:
    frame.write.mode("overwrite").parquet(str(path))
    return spark.read.parquet(str(path))


def order_lines(transactions: DataFrame, fx_rates: DataFrame, products: DataFrame) -> DataFrame:
    lines = transactions.withColumn("order_date", F.to_date("ordered_at"))
    in_euros = F.when(F.col("currency") == "EUR", F.lit(1).cast("decimal(18,8)")).otherwise(F.col("rate"))
    converted = _as_of(lines, fx_rates.select("currency", "rate_date", "rate"), "currency", "order_date", "rate_date")
    costed = _as_of(
        converted.withColumn("fx_rate", in_euros),
        products.select("product_id", "unit_cost", F.col("updated_at").alias("cost_from")),
        "product_id",
        "ordered_at",
        "cost_from",
    )
    gross = (F.col("quantity") * F.col("unit_price")).cast(MONEY)
    return (
        costed.withColumn("gross_amount", gross)
        .withColumn("net_amount", (gross - F.col("discount_amount")).cast(MONEY))
        .withColumn("is_sold", F.col("order_status") != "cancelled")
        .withColumn("is_returned", F.col("order_status") == "refunded")
        .withColumn("gross_reporting", F.round(F.col("gross_amount") / F.col("fx_rate"), 2).cast(MONEY))
        .withColumn("discount_reporting", F.round(F.col("discount_amount") / F.col("fx_rate"), 2).cast(MONEY))
        .withColumn("tax_reporting", F.round(F.col("tax_amount") / F.col("fx_rate"), 2).cast(MONEY))
        .withColumn("net_reporting", (F.col("gross_reporting") - F.col("discount_reporting")).cast(MONEY))
        .withColumn("cost_reporting", (F.col("quantity") * F.col("unit_cost")).cast(MONEY))
    )


def _as_of(rows: DataFrame, history: DataFrame, key: str, at: str, since: str) -> DataFrame:
    """Join the version of `history` that holds at the time of each row. Spark has no as-of join."""
    until = F.lead(since).over(Window.partitionBy(key).orderBy(since))
    periods = history.withColumn("_until", until).withColumnRenamed(key, "_key")
    holds = (F.col(since) <= F.col(at)) & (F.col("_until").isNull() | (F.col(at) < F.col("_until")))
    return rows.join(periods, (F.col(key) == F.col("_key")) & holds, "left").drop("_key", "_until", since)


def _sold(name: str) -> Column:
    return F.coalesce(F.sum(F.when(F.col("is_sold"), F.col(name))), F.lit(0)).alias(name)


def _lines(condition: str) -> Column:
    return F.count(F.when(F.expr(condition), 1))


def _returned() -> Column:
    amount = F.sum(F.when(F.col("is_returned"), F.col("net_reporting")))
    return F.coalesce(amount, F.lit(0)).alias("returned_reporting")


def _different(name: str) -> Column:
    return F.countDistinct(F.when(F.col("is_sold"), F.col(name)))


def fct_orders(lines: DataFrame) -> DataFrame:
    progress = F.expr("array_position(array('placed', 'paid', 'shipped', 'delivered'), order_status)")
    return (
        lines.withColumn("_progress", progress)
        .groupBy("order_date", "order_id")
        .agg(
            F.min("ordered_at").alias("ordered_at"),
            *(F.min_by(c, "line_number").alias(c) for c in ("customer_id", "channel", "country_code", "currency")),
            F.min_by("order_status", F.when(F.col("is_sold"), F.col("_progress"))).alias("_least"),
            _lines("is_sold").alias("order_lines"),
            _lines("not is_sold").alias("cancelled_lines"),
            _lines("is_returned").alias("returned_lines"),
            _sold("quantity").alias("units"),
            *(_sold(name) for name in ("net_amount", "net_reporting", "cost_reporting")),
            _returned(),
        )
        .withColumn(
            "order_status",
            F.when(F.col("order_lines") == 0, "cancelled")
            .when(F.col("returned_lines") == F.col("order_lines"), "returned")
            .when(F.col("returned_lines") > 0, "partly_returned")
            .otherwise(F.col("_least")),
        )
        .drop("_least")
    )


def sales_daily(lines: DataFrame) -> DataFrame:
    return lines.groupBy("order_date", "channel", "country_code", "currency").agg(
        _different("order_id").alias("orders"),
        _lines("is_sold").alias("order_lines"),
        _lines("not is_sold").alias("cancelled_lines"),
        _different("customer_id").alias("customers"),
        _sold("quantity").alias("units"),
        _sold("net_amount").alias("net_revenue"),
        _sold("net_reporting"),
        _returned(),
        F.coalesce(F.sum(F.expr("if(is_sold, net_reporting - cost_reporting, null)")), F.lit(0)).alias(
            "margin_reporting"
        ),
    )


def sales_monthly(lines: DataFrame) -> DataFrame:
    month = F.trunc("order_date", "month").alias("month_start")
    return (
        lines.groupBy(month, "channel", "country_code")
        .agg(
            _different("order_id").alias("orders"),
            _different("customer_id").alias("customers"),
            _sold("quantity").alias("units"),
            _sold("net_reporting"),
            _returned(),
        )
        .withColumn("average_order_value", F.round(F.col("net_reporting") / F.col("orders"), 2))
    )


def fct_sessions(clickstream: DataFrame) -> DataFrame:
    """Visits of people: a pause of more than 30 minutes ends one. Robots are known by their user agent."""
    people = clickstream.where(~F.lower(F.coalesce("user_agent", F.lit(""))).rlike(ROBOTS))
    in_order = Window.partitionBy("visitor_id").orderBy("event_at", "event_id")
    goes_on = F.col("event_at") <= F.lag("event_at").over(in_order) + F.expr("interval 30 minutes")
    numbered = people.withColumn("_starts", F.when(goes_on, 0).otherwise(1)).withColumn(
        "_session", F.sum("_starts").over(in_order.rowsBetween(Window.unboundedPreceding, Window.currentRow))
    )
    order = F.struct("event_at", "event_id")
    medium = F.min_by("utm_medium", F.when(F.col("utm_medium").isNotNull(), order))
    host = F.min_by("referrer_host", F.when(F.col("referrer_host").isNotNull(), order))
    stage = F.expr(
        "case event_type when 'purchase' then 4 when 'checkout' then 3 when 'add_to_cart' then 2"
        " when 'product_view' then 1 else 0 end"
    )
    return numbered.groupBy("visitor_id", "_session").agg(
        F.to_date(F.min("event_at")).alias("session_date"),
        F.md5(F.concat_ws("-", "visitor_id", F.min_by("event_id", order))).alias("session_id"),
        F.max_by("customer_id", F.when(F.col("customer_id").isNotNull(), order)).alias("customer_id"),
        F.min("event_at").alias("started_at"),
        F.max("event_at").alias("ended_at"),
        F.count("*").alias("events"),
        _lines("event_type = 'product_view'").alias("product_views"),
        _lines("event_type = 'add_to_cart'").alias("cart_additions"),
        F.countDistinct(F.when(F.col("event_type") == "purchase", F.col("order_id"))).alias("purchases"),
        F.min_by("device", order).alias("device"),
        F.when(medium.isin("cpc", "ppc", "paid", "paid_social", "display"), "paid")
        .when(medium.isNotNull(), "campaign")
        .when(host.isNotNull(), "referral")
        .otherwise("direct")
        .alias("channel"),
        F.max(stage).alias("deepest_stage"),
    )


def conversion_funnel(sessions: DataFrame) -> DataFrame:
    stages = ("product_view", "add_to_cart", "checkout", "purchase")
    return sessions.groupBy("session_date", "device", "channel").agg(
        F.count("*").alias("sessions"),
        _lines("events = 1").alias("bounces"),
        *(_lines(f"deepest_stage >= {n}").alias(f"reached_{stage}") for n, stage in enumerate(stages, start=1)),
    )


def dim_product(products: DataFrame, vendors: DataFrame) -> DataFrame:
    names = vendors.groupBy("vendor_id").agg(F.max_by("vendor_name", "updated_at").alias("vendor_name"))
    until = F.lead("updated_at").over(Window.partitionBy("product_id").orderBy("updated_at"))
    versions = products.withColumn("valid_to", until).withColumn("is_current", F.col("valid_to").isNull())
    return versions.withColumnRenamed("updated_at", "valid_from").join(names, "vendor_id", "left")


def customer_rfm(orders: DataFrame) -> DataFrame:
    customers = (
        orders.where("order_status <> 'cancelled'")
        .groupBy("customer_id")
        .agg(
            F.max("order_date").alias("last_order_date"),
            F.count("*").alias("frequency"),
            F.sum(F.expr("net_reporting - returned_reporting")).alias("monetary"),
        )
    )
    scores = {
        "recency_score": "last_order_date",
        "frequency_score": "frequency",
        "monetary_score": "monetary",
    }
    return customers.select(
        "*",
        *(F.ntile(5).over(Window.orderBy(by, "customer_id")).alias(score) for score, by in scores.items()),
    )


def fct_reviews(reviews: DataFrame, transactions: DataFrame) -> DataFrame:
    purchase = ["order_id", "customer_id", "product_id"]
    bought = transactions.where("order_status <> 'cancelled'").select(*purchase).distinct()
    newest_first = Window.partitionBy("product_id", "customer_id").orderBy(
        F.desc("updated_at"), F.desc("reviewed_at"), F.desc("review_id")
    )
    last = reviews.withColumn("_rank", F.row_number().over(newest_first)).where("_rank = 1").drop("_rank")
    looked_up = last.join(bought.withColumn("is_verified_purchase", F.lit(True)), purchase, "left")  # noqa: FBT003
    return looked_up.fillna(value=False, subset=["is_verified_purchase"])


if __name__ == "__main__":
    # The script starts Spark like any other; only the Java is found for it, as for the rest of this checkout.
    sys.path.insert(0, str(Path(__file__).resolve().parents[3]))
    from localaws.spark import java

    os.environ.setdefault("JAVA_HOME", str(java.java_home()))
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else "CORRECTED")  # noqa: PLR2004
