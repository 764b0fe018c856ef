"""Customer records as matching and clustering use them: one row per customer_id."""

from cartlake.engine import DataFrame, F, Window
from glue_jobs.transforms.identities.spelling import area, house_number, letters, mailbox, sound, street_name


def newest(customers: DataFrame) -> DataFrame:
    """Return the newest version of every record, with the earliest `registered_at` of all its versions."""
    of_record = Window.partitionBy("customer_id")
    numbered = customers.withColumns(
        {
            "registered_at": F.min("registered_at").over(of_record),
            "_age": F.row_number().over(of_record.orderBy(F.desc("updated_at"))),
        }
    )
    return numbered.where(F.col("_age") == F.lit(1))


def comparable(customers: DataFrame) -> DataFrame:
    """Return the newest version of every record with its values made comparable.

    `initials` and `sounds` do not depend on the order of the names, because people swap them.
    """
    spelt = newest(customers).select(
        "customer_id",
        mailbox(F.col("email")).alias("email"),
        "phone",
        "birth_date",
        letters(F.col("first_name")).alias("first_name"),
        letters(F.col("last_name")).alias("last_name"),
        street_name(F.col("street")).alias("street"),
        house_number(F.col("street")).alias("house_number"),
        area(F.col("country_code"), F.col("postal_code")).alias("postal_code"),
    )
    is_named = F.col("first_name").isNotNull() & F.col("last_name").isNotNull()
    letter = [F.substring(name, 1, 1) for name in ("first_name", "last_name")]
    sounds = [sound(F.col(name)) for name in ("first_name", "last_name")]
    return spelt.withColumns(
        {
            "initials": F.when(is_named, F.concat(F.least(*letter), F.greatest(*letter))),
            "sounds": F.when(is_named, F.concat_ws("-", F.least(*sounds), F.greatest(*sounds))),
        }
    )
