"""Customer records: one of the shop for nearly every customer, and records of the same people in other systems.

The shop knows each customer once. Marketplace and newsletter know some of the same people under other identifiers and
other spellings: that they are one person is in the manifest. Households and namesakes are in it as different people.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from faker import Faker

from generators.columns import (
    Batch,
    Choice,
    Day,
    Flag,
    Identifier,
    Instant,
    Pool,
    Text,
    constant,
    decimal_digits,
    fixed_width,
)
from generators.lifecycle import DAY
from generators.order_lines import MAX_CUSTOMERS
from generators.randomness import Bools, Floats, Ints, stream
from generators.spellings import respelt
from generators.world import MARKETS, NAMES_PER_LOCALE, name_codes, spelt_names
from generators.world_plan import Day as PlanDay
from generators.world_plan import WorldPlan

STREETS: Final = 120  # per country
PLACES: Final = 60
NUMBER_FIRST: Final = {"FR", "GB", "US"}  # countries that write the house number before the street
DIAL_CODES: Final = {
    "DE": "+4915",
    "FR": "+336",
    "GB": "+447",
    "US": "+1212",
    "SE": "+467",
    "PL": "+485",
    "NL": "+316",
    "IT": "+393",
    "ES": "+346",
    "AT": "+43660",
}
COUNTRY_POOL: Final = Pool.of([market.country for market in MARKETS])

SHARE_UNKNOWN: Final = 0.002  # they order, but no system has a record of them
SHARE_WITHOUT_PHONE: Final = 0.2
SHARE_WITHOUT_BIRTH_DATE: Final = 0.3
SHARE_CONSENTING: Final = 0.45
SHARE_HOUSEHOLD: Final = 0.06  # they live with another customer
SHARE_NAMESAKE: Final = 0.01  # they are called as another customer
OTHER_SYSTEMS: Final = (("marketplace", 9_000_000, 0.08), ("newsletter", 6_000_000, 0.06))
OTHER_IDENTIFIERS: Final = 1_000_000
OTHER_SCRAMBLER: Final = 618_031  # shares no factor with 999,999, so that each customer has its own number
PHONE_SCRAMBLER: Final = 61_803_397
CHANGES: Final = 0.001  # a day, of all customers
BASE_CHUNK: Final = 100_000
YEARS_BEFORE: Final = 4 * 365 * DAY
NOT_YET: Final = 1 << 30


@dataclass
class People:
    """The state of all customers [n], changed in place as days go by. Codes point into pools over all countries."""

    plan: WorldPlan
    market: Ints = field(init=False)
    first: Ints = field(init=False)
    last: Ints = field(init=False)
    street: Ints = field(init=False)
    house: Ints = field(init=False)
    place: Ints = field(init=False)
    phone: Ints = field(init=False)
    born: Ints = field(init=False)
    consent: Bools = field(init=False)
    mailbox: Ints = field(init=False)
    """How often the e-mail address has changed."""

    registered: Ints = field(init=False)
    updated: Ints = field(init=False)
    known: Bools = field(init=False)

    def __post_init__(self) -> None:
        plan, world = self.plan, self.plan.world
        self.market = world.market
        size = len(self.market)
        # One row of chances per customer: a longer plan only adds rows.
        chance = stream(plan.seed, "people").random((size, 14))
        self.first, self.last = (codes.copy() for codes in name_codes(plan.seed, self.market))
        self.street = self.market * STREETS + (chance[:, 0] * STREETS).astype(np.int64)
        self.place = self.market * PLACES + (chance[:, 1] * PLACES).astype(np.int64)
        self.house = 1 + (chance[:, 2] ** 2 * 180).astype(np.int64)
        self.phone = phone_numbers(np.arange(size))
        self._has_phone = chance[:, 4] >= SHARE_WITHOUT_PHONE
        self.born = -9_000 + (chance[:, 5] * 22_000).astype(np.int64)  # May 1945 to August 2005
        self._has_birth_date = chance[:, 6] >= SHARE_WITHOUT_BIRTH_DATE
        self.consent = chance[:, 7] < SHARE_CONSENTING
        self.mailbox = np.zeros(size, dtype=np.int64)
        self.known = chance[:, 8] >= SHARE_UNKNOWN
        self._share_homes(chance[:, 9])
        self._share_names(chance[:, 10], chance[:, 9] < SHARE_HOUSEHOLD)
        self._join(chance)
        self._pools = spelt_pools(plan.seed)

    def _share_homes(self, chance: Floats) -> None:
        """A partner, a child: another first name at the same address, under the same last name."""
        member, other = pairs(self.market, chance < SHARE_HOUSEHOLD)
        for codes in (self.street, self.house, self.place, self.last):
            codes[member] = codes[other]
        same = member[self.first[member] == self.first[other]]
        self.first[same] = self.market[same] * NAMES_PER_LOCALE + (self.first[same] + 1) % NAMES_PER_LOCALE

    def _share_names(self, chance: Floats, at_home: Bools) -> None:
        """Somebody else of the same name: other address, other everything."""
        namesake, other = pairs(self.market, (chance > 1 - SHARE_NAMESAKE) & ~at_home)
        for codes in (self.first, self.last):
            codes[namesake] = codes[other]

    def _join(self, chance: Floats) -> None:
        """Those of the start registered in the years before; the others on their day."""
        at_start = self.plan.joined(-1)
        self.registered = self.plan.first_second - DAY - (chance[:, 11] * YEARS_BEFORE).astype(np.int64)
        self.updated = self.registered + ((self.plan.first_second - self.registered) * chance[:, 12]).astype(np.int64)
        self._day = np.full(len(self.market), -1)
        for index in range(self.plan.days):
            joined = slice(self.plan.joined(index - 1), self.plan.joined(index))
            self._day[joined] = index
            self.registered[joined] = self.plan.first_second + index * DAY + (chance[joined, 11] * DAY).astype(np.int64)
        self.updated[at_start:] = self.registered[at_start:]
        self.others = [OtherSystem.of(self.plan, number, self._day, self.known) for number in range(len(OTHER_SYSTEMS))]

    def batches(self, day: PlanDay) -> Iterator[Batch]:
        if day.index == 0:
            for first in range(0, day.known, BASE_CHUNK):
                there = np.arange(first, min(first + BASE_CHUNK, day.known))
                yield self.shop_rows(there[self.known[there]])
        joined = np.arange(day.known, day.joined)
        yield self.shop_rows(joined[self.known[joined]])
        yield from self._changes(day)
        for other in self.others:
            due = np.flatnonzero((other.day == day.index) | ((other.day == -1) & (day.index == 0)))
            for first in range(0, len(due), BASE_CHUNK):
                yield self._other_rows(other, due[first : first + BASE_CHUNK])

    def _changes(self, day: PlanDay) -> Iterator[Batch]:
        rng = stream(self.plan.seed, "people_changes", day.date.toordinal())
        count = int(day.known * CHANGES + rng.random())
        changed = np.sort(rng.choice(day.known, count, replace=False))
        changed = changed[self.known[changed]]
        what = rng.random(len(changed))
        moving = changed[what < 0.4]  # noqa: PLR2004
        self.street[moving] = self.market[moving] * STREETS + rng.integers(0, STREETS, len(moving))
        self.place[moving] = self.market[moving] * PLACES + rng.integers(0, PLACES, len(moving))
        self.house[moving] = rng.integers(1, 180, len(moving))
        self.mailbox[changed[(what >= 0.4) & (what < 0.55)]] += 1  # noqa: PLR2004
        calling = changed[(what >= 0.55) & (what < 0.7)]  # noqa: PLR2004
        self.phone[calling] = phone_numbers(calling + MAX_CUSTOMERS)
        self._has_phone[calling] = True
        self.consent[changed[what >= 0.7]] ^= True  # noqa: PLR2004
        self.updated[changed] = day.start + rng.integers(0, DAY, len(changed))
        yield self.shop_rows(changed)

    def shop_rows(self, customers: Ints) -> Batch:
        """The newest version of the shop's records of these customers."""
        first, last, streets, postal_codes, cities = self._pools
        place, market = self.place[customers], self.market[customers]
        return {
            "customer_id": Identifier("CUS-", customers + 1, 7, base=10),
            "source_system": constant("shop", len(customers)),
            "first_name": Choice(first, self.first[customers]),
            "last_name": Choice(last, self.last[customers]),
            "email": Text(self._emails(customers)),
            "phone": Text(self._phones(customers)),
            "birth_date": Day(self.born[customers], self._has_birth_date[customers]),
            "street": Text(addresses(streets, self.street[customers], self.house[customers], market)),
            "postal_code": Choice(postal_codes, place),
            "city": Choice(cities, place),
            "country_code": Choice(COUNTRY_POOL, market),
            "marketing_consent": Flag(self.consent[customers]),
            "registered_at": Instant(self.registered[customers]),
            "updated_at": Instant(self.updated[customers]),
        }

    def _emails(self, customers: Ints) -> pa.Array:
        """The address that orders show, until it changes."""
        at_first = self.plan.world.email.take(pa.array(customers))
        count = pc.cast(pa.array(self.mailbox[customers]), pa.string())
        changed = pc.binary_join_element_wise("new", count, ".", at_first, "")
        return pc.if_else(pa.array(self.mailbox[customers] > 0), changed, at_first)

    def _phones(self, customers: Ints) -> pa.Array:
        dial = pa.array([DIAL_CODES[market.country] for market in MARKETS]).take(pa.array(self.market[customers]))
        numbers = fixed_width(decimal_digits(self.phone[customers], 8))
        whole = pc.binary_join_element_wise(dial, numbers, "")
        return pc.if_else(pa.array(self._has_phone[customers]), whole, pa.scalar(None, pa.string()))

    def _other_rows(self, other: "OtherSystem", customers: Ints) -> Batch:
        """Records of another system: of the same people, as that system spells them."""
        rows = self.shop_rows(customers)
        texts = {name: rows[name].text().to_pylist() for name in SPELT}
        days = rows["birth_date"].text().to_pylist()
        for row, customer in enumerate(customers.tolist()):
            record = {name: texts[name][row] for name in SPELT} | {"birth_date": days[row]}
            for name, value in respelt(record, other.chance[customer].tolist()).items():
                if name in texts:
                    texts[name][row] = value
        moment = self._other_moment(other, customers)
        keeps_address = np.full(len(customers), other.name == "marketplace")
        none = pa.scalar(None, pa.string())
        spelt = {name: pa.array(values, pa.string()) for name, values in texts.items()}
        place = np.where(keeps_address, self.place[customers], -1)
        street = pc.if_else(pa.array(keeps_address), spelt["street"], none)
        return rows | {
            "customer_id": Identifier("CUS-", other.identifiers(customers), 7, base=10),
            "source_system": constant(other.name, len(customers)),
            **{name: Text(values) for name, values in spelt.items()},
            "street": Text(street),
            "postal_code": Choice(self._pools[3], place),
            "city": Choice(self._pools[4], place),
            "registered_at": Instant(moment),
            "updated_at": Instant(moment),
        }

    def _other_moment(self, other: "OtherSystem", customers: Ints) -> Ints:
        after = (other.chance[customers, 0] * DAY).astype(np.int64)
        earlier = self.registered[customers] + (
            (self.plan.first_second - self.registered[customers]) * other.chance[customers, 1]
        )
        on_its_day = self.plan.first_second + other.day[customers] * DAY + after
        moments: Ints = np.where(other.day[customers] < 0, earlier.astype(np.int64), on_its_day)
        return moments


SPELT: Final = ("first_name", "last_name", "email", "phone", "street")


@dataclass(frozen=True)
class OtherSystem:
    """day: [n] index of the day whose file first has the record; -1 as of the start, `NOT_YET` for no record."""

    name: str
    first_identifier: int
    day: Ints
    chance: Floats

    @classmethod
    def of(cls, plan: WorldPlan, number: int, joined: Ints, known: Bools) -> "OtherSystem":
        name, first, share = OTHER_SYSTEMS[number]
        chance = stream(plan.seed, "duplicates", number).random((len(joined), 10))
        there = (chance[:, 2] < share) & known
        some_day = np.maximum(joined, 0) + (chance[:, 3] * 60).astype(np.int64)
        from_start = (joined < 0) & (chance[:, 4] < 0.85)  # noqa: PLR2004 - most of those who can be
        return cls(name, first, np.where(there, np.where(from_start, -1, some_day), NOT_YET), chance)

    def identifiers(self, customers: Ints) -> Ints:
        """The numbers of their records here."""
        numbers: Ints = self.first_identifier + 1 + (customers * OTHER_SCRAMBLER) % (OTHER_IDENTIFIERS - 1)
        return numbers


def phone_numbers(owners: Ints) -> Ints:
    """Eight digits, other ones for each owner below 10**8."""
    return owners * PHONE_SCRAMBLER % 10**8


def pairs(market: Ints, chosen: Bools) -> tuple[Ints, Ints]:
    """Each chosen customer with the one before, where both are of one country and that one is not chosen itself."""
    other_free = np.concatenate([[False], ~chosen[:-1]])
    same_market = np.concatenate([[False], market[1:] == market[:-1]])
    member = np.flatnonzero(chosen & other_free & same_market)
    return member, member - 1


def addresses(streets: Pool, street: Ints, house: Ints, market: Ints) -> pa.Array:
    name = streets.values.take(pa.array(street))
    number = pc.cast(pa.array(house), pa.string())
    number_first = np.array([market.country in NUMBER_FIRST for market in MARKETS])[market]
    before, after = (pc.binary_join_element_wise(*parts, " ") for parts in ((number, name), (name, number)))
    return pc.if_else(pa.array(number_first), before, after)


@lru_cache(maxsize=2)
def spelt_pools(seed: int) -> tuple[Pool, Pool, Pool, Pool, Pool]:
    """First names, last names, streets, postal codes and cities of all countries, one country after the other."""
    names = [spelt_names(seed, market.locale) for market in MARKETS]
    places = [spelt_places(seed, market.locale) for market in MARKETS]
    return (
        Pool.of([name for first, _ in names for name in first]),
        Pool.of([name for _, last in names for name in last]),
        *(Pool.of([value for place in places for value in place[part]]) for part in range(3)),
    )  # type: ignore[return-value]


def spelt_places(seed: int, locale: str) -> tuple[list[str], list[str], list[str]]:
    """Streets, postal codes and cities of one locale."""
    faker = Faker(locale)
    faker.seed_instance(f"{seed} {locale} places")
    return (
        [faker.street_name() for _ in range(STREETS)],
        [faker.postcode() for _ in range(PLACES)],
        [faker.city() for _ in range(PLACES)],
    )
