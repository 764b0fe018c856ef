"""Which records are one person: the connected components of the matches, without a loop on the driver."""

from typing import Final

from cartlake.engine import Column, DataFrame, F, Window
from glue_jobs.transforms.identities.records import newest
from glue_jobs.transforms.identities.sources import records

ROUNDS: Final = 8
"""The most matches between a record and the oldest one of its person."""

CLUSTER_LIMIT: Final = 50
"""More records than this are not taken as one person, even if all match."""


def customer_identities(customers: DataFrame, hubspot_contacts: DataFrame, customer_matches: DataFrame) -> DataFrame:
    """Return every record's person: `golden_customer_id`, how many records are `members`, the `match_keys` of the
    record's own matches (null without any), and the `cluster_state`, which says whether the matches were accepted.

    A person is named after the oldest record, the one that registered first, as `golden_id` says. Younger
    records come and go without changing it; two people who turn out to be one keep the older name; when they turn out
    to be two again, both have the names they had before.

    Matches are not transitive, so a connected component is not always accepted as one person:

    - overgrown: further than ROUNDS matches from its oldest record, or above CLUSTER_LIMIT. All records stand alone.
    - split: the records have several birth dates. Each birth date is a person.
    - ambiguous: in such a cluster, a record without a birth date. It stands alone.
    """
    people = newest(records(customers, hubspot_contacts)).select("customer_id", "registered_at", "birth_date")
    clusters = _clusters(_neighbours(customer_matches), people)
    known = people.join(clusters, on="customer_id", how="left").withColumn(
        "_cluster", F.coalesce("_cluster", "customer_id")
    )
    in_cluster = Window.partitionBy("_cluster")
    sized = known.withColumns(
        {
            "_size": F.count(F.lit(1)).over(in_cluster),
            "_is_open": F.max(F.coalesce("_is_open", F.lit(0))).over(in_cluster),
            "_birth_dates": F.when(
                F.min("birth_date").over(in_cluster) < F.max("birth_date").over(in_cluster), F.lit("several")
            ),
        }
    )
    stated = sized.withColumn("cluster_state", _state()).withColumn("_part", _part())
    in_part = Window.partitionBy("_cluster", "_part")
    oldest = F.min(F.struct("registered_at", "customer_id")).over(in_part)
    return (
        stated.withColumns({"_oldest": oldest, "members": F.count(F.lit(1)).over(in_part)})
        .withColumn("_named_after", F.col("_oldest.customer_id"))
        .select(
            "customer_id",
            golden_id(F.col("_named_after")).alias("golden_customer_id"),
            "members",
            "match_keys",
            "cluster_state",
        )
    )


def golden_id(customer_id: Column) -> Column:
    """Return the name of the person whose oldest record this is: GLD-0004211 for CUS-0004211, GLD-CON-151 for CON-151.

    Systems number their records alike, so only those of processed.customers lose what their identifier begins with.
    """
    return F.concat(F.lit("GLD-"), F.regexp_replace(customer_id, "^CUS-", ""))


def _neighbours(matches: DataFrame) -> DataFrame:
    """Return both directions of every match, and every record as its own neighbour, so that it keeps its label."""
    ends = (("left", "right"), ("right", "left"), ("left", "left"), ("right", "right"))
    steps = F.array(
        *(
            F.struct(F.col(f"{one}_customer_id").alias("one"), F.col(f"{other}_customer_id").alias("other"))
            for one, other in ends
        )
    )
    return matches.select("match_key", F.explode(steps).alias("_step")).select(
        "match_key", F.col("_step.one").alias("customer_id"), F.col("_step.other").alias("neighbour")
    )


def _clusters(neighbours: DataFrame, people: DataFrame) -> DataFrame:
    """Return the records that match any: `_cluster` (its oldest record), `match_keys`, and `_is_open`, 1 where a
    neighbour is labelled with another record: then the rounds were too few for the cluster.

    Every round reads the one before once. A faster method, such as pointer jumping, would read it twice, and the plan
    would double with every round.
    """
    labels = people.select("customer_id", F.struct("registered_at", "customer_id").alias("_oldest"))
    for _ in range(ROUNDS):
        labels = _labels_of_neighbours(neighbours, labels).groupBy("customer_id").agg(F.min("_oldest").alias("_oldest"))
    named = labels.select("customer_id", F.col("_oldest.customer_id").alias("_name"))
    own = F.when(F.col("customer_id") == F.col("neighbour"), F.col("_name"))
    return (
        _labels_of_neighbours(neighbours, named)
        .groupBy("customer_id")
        .agg(
            F.max(own).alias("_cluster"),
            F.when(F.min("_name") < F.max("_name"), F.lit(1)).otherwise(F.lit(0)).alias("_is_open"),
            F.sort_array(F.collect_set("match_key")).alias("match_keys"),
        )
    )


def _labels_of_neighbours(neighbours: DataFrame, labels: DataFrame) -> DataFrame:
    return neighbours.join(labels.withColumnRenamed("customer_id", "neighbour"), on="neighbour", how="inner")


def _is_overgrown() -> Column:
    return (F.col("_is_open") > F.lit(0)) | (F.col("_size") > F.lit(CLUSTER_LIMIT))


def _state() -> Column:
    is_split = F.col("_birth_dates").isNotNull()
    return (
        F.when(_is_overgrown(), F.lit("overgrown"))
        .when(F.col("_size") == F.lit(1), F.lit("alone"))
        .when(is_split & F.col("birth_date").isNull(), F.lit("ambiguous"))
        .when(is_split, F.lit("split"))
        .otherwise(F.lit("merged"))
    )


def _part() -> Column:
    """Return which part of a cluster a record belongs to, each being one person: all, a birth date, or the record."""
    return (
        F.when(F.col("cluster_state").isin("overgrown", "ambiguous"), F.col("customer_id"))
        .when(F.col("cluster_state") == F.lit("split"), F.col("birth_date").cast("string"))
        .otherwise(F.lit(""))
    )
