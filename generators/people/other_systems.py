"""Records of the same people in other systems, under other identifiers and other spellings.

Marketplace and newsletter know some of the customers of the shop. Which records are of one person is in the manifest.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

import numpy as np
import pyarrow as pa

from generators.files.arrays import chosen, constant, identifiers, instants, texts, where
from generators.people.spellings import respelt
from generators.plan.world import WorldPlan
from generators.randomness import Bools, Floats, Ints, stream
from generators.times import DAY

if TYPE_CHECKING:
    from generators.people.customers import People

OTHER_SYSTEMS: Final = (("marketplace", 9_000_000, 0.08), ("newsletter", 6_000_000, 0.06))
OTHER_IDENTIFIERS: Final = 1_000_000
OTHER_SCRAMBLER: Final = 618_031  # shares no factor with 999,999, so that each customer has its own number
NOT_YET: Final = 1 << 30
SPELT: Final = ("first_name", "last_name", "email", "phone", "street")


@dataclass(frozen=True)
class OtherSystem:
    """day: [n] index of the day whose file first has the record; -1 as of the start, `NOT_YET` for no record."""

    name: str
    first_identifier: int
    day: Ints
    chance: Floats

    @classmethod
    def of(cls, plan: WorldPlan, number: int, joined: Ints, known: Bools) -> Self:
        name, first, share = OTHER_SYSTEMS[number]
        chance = stream(plan.seed, "duplicates", number).random((len(joined), 10))
        there = (chance[:, 2] < share) & known
        some_day = np.maximum(joined, 0) + (chance[:, 3] * 60).astype(np.int64)
        from_start = (joined < 0) & (chance[:, 4] < 0.85)  # noqa: PLR2004 - most of those who can be
        return cls(name, first, np.where(there, np.where(from_start, -1, some_day), NOT_YET), chance)

    def numbers(self, customers: Ints) -> Ints:
        """The numbers behind the customer_id of their records in this system."""
        numbers: Ints = self.first_identifier + 1 + (customers * OTHER_SCRAMBLER) % (OTHER_IDENTIFIERS - 1)
        return numbers

    def moments(self, customers: Ints, registered: Ints, first_second: int) -> Ints:
        """When their records were made (Unix seconds); `registered`: when the shop knew them first."""
        after = (self.chance[customers, 0] * DAY).astype(np.int64)
        earlier = registered + ((first_second - registered) * self.chance[customers, 1]).astype(np.int64)
        on_its_day = first_second + self.day[customers] * DAY + after
        moments: Ints = np.where(self.day[customers] < 0, earlier, on_its_day)
        return moments


def other_rows(people: "People", other: OtherSystem, customers: Ints) -> dict[str, pa.Array]:
    """The columns of the records of these customers in another system."""
    rows = people.shop_rows(customers)
    registered, first_second = people.registered[customers], people.plan.first_second
    moment = instants(other.moments(customers, registered, first_second))
    spelt = respelt_columns({name: rows[name] for name in SPELT}, other.chance[customers])
    has_address = np.full(len(customers), other.name == "marketplace")
    place = np.where(has_address, people.place[customers], -1)
    return (
        rows
        | spelt
        | {
            "customer_id": identifiers("CUS-", other.numbers(customers), 7),
            "source_system": constant(other.name, len(customers)),
            "street": where(has_address, spelt["street"]),
            "postal_code": chosen(people.spellings.postal_codes, place),
            "city": chosen(people.spellings.cities, place),
            "registered_at": moment,
            "updated_at": moment,
        }
    )


def respelt_columns(columns: dict[str, pa.Array], chance: Floats) -> dict[str, pa.Array]:
    """The same columns as another system spells them; `chance` has a row of random numbers for each record."""
    records = pa.table(columns).to_pylist()
    respelt_records = [respelt(record, of_record) for record, of_record in zip(records, chance.tolist(), strict=True)]
    return {name: texts([record[name] for record in respelt_records]) for name in columns}
