"""Which customer records match, and so are one person, by explicit rules.

Only records of one block are compared. The evidence of a pair does not depend on the block it was found in, so blocks
decide how much is compared, and rules alone decide what matches.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import and_
from types import MappingProxyType

from cartlake.engine import Column, DataFrame, F, Window
from glue_jobs.transforms.identities.records import comparable
from glue_jobs.transforms.identities.sources import records
from glue_jobs.transforms.identities.spelling import SURE, likeness

BLOCKS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "email": ("email",),
        "phone": ("phone",),
        "birth_date": ("birth_date", "initials"),
        "name": ("postal_code", "sounds"),
        "address": ("postal_code", "street", "house_number"),
    }
)
"""Records are compared when all of these columns are the same."""

BLOCK_LIMIT = 50
"""Records of a larger block are not compared in it: a phone number that 51 records share identifies nobody."""

ANOTHER_NAME = 600
"""First names less alike than this are those of two people, in thousandths."""


@dataclass(frozen=True)
class MatchRule:
    """A pair matches when values are the `same`, and others at least so `alike`. Contradictions come before all rules.

    `confidence` is the score of a pair in which all values the rule compares are equal. Numbers are thousandths.
    """

    name: str
    confidence: int
    same: tuple[str, ...]
    alike: Mapping[str, int] = field(default_factory=dict)
    allows_missing: bool = False
    """Whether values to be `alike` may be missing."""


RULES = (
    MatchRule("email", 990, ("email",), {"first_name": ANOTHER_NAME}, allows_missing=True),
    MatchRule("phone_and_birth_date", 970, ("phone", "birth_date"), {"first_name": 600, "last_name": 600}),
    MatchRule("birth_date_and_name", 960, ("birth_date", "postal_code"), {"first_name": SURE, "last_name": SURE}),
    MatchRule("phone_and_name", 940, ("phone",), {"first_name": 850, "last_name": 750}),
    MatchRule("birth_date_and_similar_name", 920, ("birth_date", "postal_code"), {"first_name": 850, "last_name": 750}),
    MatchRule("address_and_name", 900, ("postal_code",), {"first_name": 900, "last_name": 850, "street": 850}),
)
"""The first that holds gives a pair its match_key and its score."""

_SAME = ("email", "phone", "birth_date", "postal_code")
_ALIKE = ("first_name", "last_name", "street")
_COMPARED = ("customer_id", *_SAME, *_ALIKE, "house_number")


def customer_matches(customers: DataFrame, hubspot_contacts: DataFrame) -> DataFrame:
    """Return pairs of records that match: `left_customer_id` < `right_customer_id`, `match_key` (the rule),
    `score` (its confidence times the lowest likeness it asks for, rounded down to thousandths) and `evidence`.

    Compares the newest version of each record of customers and contacts. Two birth dates are two people, whatever else
    agrees. A record without a first name matches no other by an e-mail address that two people share.
    """
    spelt = comparable(records(customers, hubspot_contacts))
    judged = _compared(_candidates(spelt)).withColumns(
        {"match_key": _first_rule(lambda rule: F.lit(rule.name)), "_score": _first_rule(_score)}
    )
    is_match = F.col("match_key").isNotNull()
    is_anyone = F.col("first_name_likeness").isNull() & (F.col("_people_of_mailbox") > F.lit(0))
    matches = judged.where(is_match & ~is_anyone).select(
        "left_customer_id",
        "right_customer_id",
        "match_key",
        _decimal(F.col("_score")).alias("score"),
        _evidence().alias("evidence"),
    )
    # Records of one person share several blocks, and have the same evidence in all of them.
    return matches.distinct()


def _candidates(spelt: DataFrame) -> DataFrame:
    """Return pairs that share a block, with the values of both; once for each block they share.

    The values are part of the blocks, because a join to fetch them for the pairs would compute all records three times.
    """
    keys = F.explode(F.array(*map(_block, BLOCKS)))
    blocked = spelt.select(keys.alias("block"), *_COMPARED).where(F.col("block").isNotNull())
    sized = blocked.withColumn("_size", F.count(F.lit(1)).over(Window.partitionBy("block"))).where(
        F.col("_size").between(2, BLOCK_LIMIT)
    )
    left, right = (
        sized.select("block", *(F.col(name).alias(f"{side}_{name}") for name in _COMPARED))
        for side in ("left", "right")
    )
    return left.join(right, on="block", how="inner").where(F.col("left_customer_id") < F.col("right_customer_id"))


def _block(name: str) -> Column:
    columns = [F.col(column) for column in BLOCKS[name]]
    is_known = reduce(and_, (column.isNotNull() for column in columns))
    return F.when(is_known, F.concat_ws("|", F.lit(name), *(column.cast("string") for column in columns)))


def _compared(pairs: DataFrame) -> DataFrame:
    """Return pairs with `<value>_same` (null when one is missing) and `<value>_likeness` in thousandths.

    `_people_of_mailbox` is above 0 when some pair with the same e-mail is two people. A window computes it, which
    also keeps the optimizer from copying the likenesses into every condition that follows.
    """
    likenesses = pairs.select(
        "left_customer_id",
        "right_customer_id",
        "left_email",
        *((F.col(f"left_{value}") == F.col(f"right_{value}")).alias(f"{value}_same") for value in _SAME),
        likeness(F.col("left_first_name"), F.col("right_first_name")).alias("_first_first"),
        likeness(F.col("left_last_name"), F.col("right_last_name")).alias("_last_last"),
        likeness(F.col("left_first_name"), F.col("right_last_name")).alias("_first_last"),
        likeness(F.col("left_last_name"), F.col("right_first_name")).alias("_last_first"),
        _street_likeness().alias("street_likeness"),
    )
    is_swapped = F.col("_first_last") + F.col("_last_first") > F.col("_first_first") + F.col("_last_last")
    turned = likenesses.withColumns(
        {
            "names_swapped": F.coalesce(is_swapped, F.expr("false")),
            "first_name_likeness": F.when(is_swapped, F.col("_first_last")).otherwise(F.col("_first_first")),
            "last_name_likeness": F.when(is_swapped, F.col("_last_first")).otherwise(F.col("_last_last")),
        }
    )
    is_two = _holds(F.col("email_same")) & (
        _contradicted() | _holds(F.col("first_name_likeness") < F.lit(ANOTHER_NAME))
    )
    mailbox = F.when(_holds(F.col("email_same")), F.col("left_email")).otherwise(
        F.concat_ws("|", "left_customer_id", "right_customer_id")
    )
    described = turned.withColumns({"_is_two": is_two.cast("int"), "_mailbox": mailbox})
    return described.withColumn("_people_of_mailbox", F.max("_is_two").over(Window.partitionBy("_mailbox")))


def _street_likeness() -> Column:
    """Return the likeness of the streets, 0 where the house numbers differ: those are neighbours, not one household."""
    alike = likeness(F.col("left_street"), F.col("right_street"))
    is_same_house = F.col("left_house_number").eqNullSafe(F.col("right_house_number"))
    return F.when(is_same_house | alike.isNull(), alike).otherwise(F.lit(0))


def _holds(condition: Column) -> Column:
    return F.coalesce(condition, F.expr("false"))


def _contradicted() -> Column:
    return _holds(~F.col("birth_date_same"))


def _matches(rule: MatchRule) -> Column:
    same = [_holds(F.col(f"{value}_same")) for value in rule.same]
    alike = [
        F.coalesce(F.col(f"{value}_likeness") >= F.lit(least), F.lit(rule.allows_missing))
        for value, least in rule.alike.items()
    ]
    return reduce(and_, [*same, *alike, ~_contradicted()])


def _score(rule: MatchRule) -> Column:
    known = [F.coalesce(F.col(f"{value}_likeness"), F.lit(SURE)) for value in rule.alike]
    return F.floor(F.lit(rule.confidence) * F.least(F.lit(SURE), *known) / F.lit(SURE)).cast("int")


def _first_rule(value: Callable[[MatchRule], Column]) -> Column:
    return F.coalesce(*(F.when(_matches(rule), value(rule)) for rule in RULES))


def _decimal(thousandths: Column) -> Column:
    return (thousandths.cast("decimal(4,0)") * F.lit("0.001").cast("decimal(4,3)")).cast("decimal(4,3)")


def _evidence() -> Column:
    """Return text such as `email=, phone<>, first_name~0.930, last_name=`: values equal, different, or so alike."""
    same = [
        F.when(F.col(f"{value}_same"), F.lit(f"{value}=")).when(~F.col(f"{value}_same"), F.lit(f"{value}<>"))
        for value in _SAME
    ]
    swapped = F.when(F.col("names_swapped"), F.lit("names_swapped"))
    return F.concat_ws(", ", *same, *map(_degree, _ALIKE), swapped)


def _degree(value: str) -> Column:
    thousandths = F.col(f"{value}_likeness")
    written = F.concat(F.lit(f"{value}~0."), F.lpad(thousandths.cast("string"), 3, "0"))
    return F.when(thousandths == F.lit(SURE), F.lit(f"{value}=")).otherwise(written)
