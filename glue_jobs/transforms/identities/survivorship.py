"""Which record's value survives in the golden record: rules declared as data.

The values of one attribute survive together, so that no first name is combined with the last name of another record,
and no street with another's city.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import add, or_
from types import MappingProxyType

from cartlake.engine import Column, F
from glue_jobs.transforms.identities.sources import TRUST
from glue_jobs.transforms.identities.spelling import mailbox


@dataclass(frozen=True)
class Attribute:
    """Columns that survive together, and the criteria by which one record's values win, the first one first.

    Where all criteria are equal the greatest customer_id wins, so that there is always one winner.
    """

    name: str
    columns: tuple[str, ...]
    criteria: tuple[str, ...]

    @property
    def since(self) -> str:
        """The column that holds since when the record has had these values."""
        return f"_{self.name}_since"

    @property
    def source(self) -> str:
        """The column that names the record the values come from."""
        return f"{self.name}_source"


ATTRIBUTES = (
    Attribute("name", ("first_name", "last_name"), ("complete", "trusted", "newest")),
    Attribute("email", ("email",), ("usable", "newest", "trusted")),
    Attribute("phone", ("phone",), ("newest", "trusted")),
    Attribute("birth_date", ("birth_date",), ("trusted", "newest")),
    Attribute("address", ("street", "postal_code", "city", "country_code"), ("complete", "newest", "trusted")),
    # A refusal to one source counts for all: a consent given to one source is not a consent to the others.
    Attribute("marketing_consent", ("marketing_consent",), ("refused", "newest")),
)


def has_value(attribute: Attribute) -> Column:
    """Return whether the record has a value of the attribute. Only such records can win."""
    return reduce(or_, (F.col(column).isNotNull() for column in attribute.columns))


def winner(attribute: Attribute) -> Column:
    """Aggregate records into the winner's `customer_id` and columns, as one struct; null when no record has a value.

    The greatest struct wins, so its fields are the criteria in their order.
    """
    ranks = [CRITERIA[name](attribute).alias(f"_{name}") for name in attribute.criteria]
    columns = [F.col(column) for column in attribute.columns]
    return F.max(F.when(has_value(attribute), F.struct(*ranks, F.col("customer_id"), *columns)))


def _complete(attribute: Attribute) -> Column:
    return reduce(add, (F.col(column).isNotNull().cast("int") for column in attribute.columns))


def _trusted(_: Attribute) -> Column:
    return F.col(TRUST)


def _newest(attribute: Attribute) -> Column:
    return F.col(attribute.since)


def _usable(_: Attribute) -> Column:
    return mailbox(F.col("email")).isNotNull().cast("int")


def _refused(attribute: Attribute) -> Column:
    return (~F.col(attribute.columns[0])).cast("int")


CRITERIA: Mapping[str, Callable[[Attribute], Column]] = MappingProxyType(
    {"complete": _complete, "trusted": _trusted, "newest": _newest, "usable": _usable, "refused": _refused}
)
"""Numbers and times of which the greatest wins.

complete: how many of the columns have a value. trusted: TRUST, by the source of the record. newest: since when the
record has had these values, which is not its last update. usable: an e-mail address of valid form. refused: consent
refused.
"""
