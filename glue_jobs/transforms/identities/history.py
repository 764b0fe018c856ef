"""The history of every person, a slowly changing dimension of type 2: which values survived, from when to when."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from cartlake.engine import Column, DataFrame, F, Window
from cartlake.times import stamp
from glue_jobs.transforms.identities.sources import records, with_trust
from glue_jobs.transforms.identities.survivorship import ATTRIBUTES, Attribute, winner

UNKNOWN: Final = "GLD-UNKNOWN"
"""The person of facts whose customer is not known, from UNKNOWN_SINCE on."""
UNKNOWN_SINCE: Final = datetime(1900, 1, 1, tzinfo=UTC)

_KEY = ("golden_customer_id", "valid_from")
_TEXTS = (
    *("full_name", "first_name", "last_name", "name_source", "email", "email_source", "phone", "phone_source"),
    *("street", "postal_code", "city", "country_code", "address_source", "birth_date_source"),
    "marketing_consent_source",
)
_STATE: Final = {
    **dict.fromkeys(_TEXTS, "string"),
    "birth_date": "date",
    "marketing_consent": "boolean",
    "registered_at": "timestamp",
    "members": "bigint",
    "source_systems": "array<string>",
}
"""The columns that describe a person, with types: a change of any makes a new row."""


def dim_customer(
    customers: DataFrame, hubspot_contacts: DataFrame, customer_identities: DataFrame, *, precedence: Sequence[str]
) -> DataFrame:
    """People over time (SCD type 2), one row per `golden_customer_id` and `valid_from`, and one row for UNKNOWN.

    A person may change whenever a member record has a new version. From then on, until `valid_to` (exclusive, null for
    the current row), every attribute is the one that won by the rules of `survivorship` among the members' versions
    of that time. Which record belongs to which person is as known today: it is not part of the history.
    Records of the first table in `precedence` are trusted most.
    """
    versions = with_trust(records(customers, hubspot_contacts), precedence)
    identities = customer_identities.select("customer_id", "golden_customer_id")
    of_people = _versions(versions).join(identities, on="customer_id", how="inner")
    states = _survivors(_in_effect(of_people)).unionByName(_unknown(customers))
    return _spans(states).select(
        _customer_key().alias("customer_key"),
        *_KEY,
        "valid_to",
        F.col("valid_to").isNull().alias("is_current"),
        *_STATE,
    )


def _versions(versions: DataFrame) -> DataFrame:
    """Add `_followed_at`, the time of the next version, and since when each attribute has had its values."""
    of_record = Window.partitionBy("customer_id").orderBy("updated_at")
    so_far = of_record.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    changed = versions.withColumns(
        {"_followed_at": F.lead("updated_at").over(of_record)}
        | {
            f"_{attribute.name}_changed": _changed(F.lag(_values(attribute)).over(of_record), attribute)
            for attribute in ATTRIBUTES
        }
    )
    return changed.withColumns(
        {attribute.since: F.max(f"_{attribute.name}_changed").over(so_far) for attribute in ATTRIBUTES}
    )


def _values(attribute: Attribute) -> Column:
    return F.struct(*attribute.columns)


def _changed(before: Column, attribute: Attribute) -> Column:
    return F.when(~before.eqNullSafe(_values(attribute)), F.col("updated_at"))


def _in_effect(versions: DataFrame) -> DataFrame:
    """Return, for each time at which a member of a person changed, the versions of all members in effect then."""
    times = versions.select("golden_customer_id", F.col("updated_at").alias("valid_from")).distinct()
    had_begun = F.col("updated_at") <= F.col("valid_from")
    was_not_over = F.col("_followed_at").isNull() | (F.col("_followed_at") > F.col("valid_from"))
    return times.join(versions, on="golden_customer_id", how="inner").where(had_begun & was_not_over)


def _survivors(in_effect: DataFrame) -> DataFrame:
    winners = in_effect.groupBy(*_KEY).agg(
        *(winner(attribute).alias(f"_{attribute.name}") for attribute in ATTRIBUTES),
        F.min("registered_at").alias("registered_at"),
        F.count(F.lit(1)).alias("members"),
        F.sort_array(F.collect_set("source_system")).alias("source_systems"),
    )
    survived = winners.select("*", *(column for attribute in ATTRIBUTES for column in _unpacked(attribute)))
    full_name = F.trim(F.concat_ws(" ", "first_name", "last_name"))
    made = {
        "full_name": F.when(full_name != F.lit(""), full_name),
        # Who was never asked has not consented.
        "marketing_consent": F.coalesce("marketing_consent", F.expr("false")),
    }
    return survived.withColumns(made).select(*_KEY, *_STATE)


def _unpacked(attribute: Attribute) -> list[Column]:
    fields = [F.col(f"_{attribute.name}.{column}").alias(column) for column in attribute.columns]
    return [*fields, F.col(f"_{attribute.name}.customer_id").alias(attribute.source)]


def _unknown(customers: DataFrame) -> DataFrame:
    """Return one row, whatever `customers` holds: an aggregate of no rows is one row."""
    values = {"full_name": F.lit("Unknown"), "marketing_consent": F.expr("false"), "members": F.lit(0)}
    return customers.agg(F.count(F.lit(1)).alias("_rows")).select(
        F.lit(UNKNOWN).alias("golden_customer_id"),
        F.lit(stamp(UNKNOWN_SINCE)).cast("timestamp").alias("valid_from"),
        *(values.get(name, F.lit(None)).cast(kind).alias(name) for name, kind in _STATE.items()),
    )


def _spans(states: DataFrame) -> DataFrame:
    """Drop states that are the same as the one before; the others are valid until the next one."""
    of_person = Window.partitionBy("golden_customer_id").orderBy("valid_from")
    state = F.struct(*_STATE)
    changed = states.withColumn("_is_new", ~F.lag(state).over(of_person).eqNullSafe(state)).where("_is_new")
    return changed.withColumn("valid_to", F.lead("valid_from").over(of_person))


def _customer_key() -> Column:
    return F.sha2(F.concat_ws("|", "golden_customer_id", F.unix_micros("valid_from").cast("string")), 256)
