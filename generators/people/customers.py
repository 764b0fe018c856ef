"""Customer records: one of the shop for nearly every customer, changed from day to day.

Records of the same people in other systems are in `generators.people.other_systems`. Households and namesakes are
different people.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from generators.files.arrays import Batch, as_texts, chosen, constant, dates, identifiers, instants, texts
from generators.people.other_systems import OTHER_SYSTEMS, OtherSystem, other_rows
from generators.people.places import PLACES, STREETS, addresses, phone_numbers, phones, spellings_of
from generators.plan.world import Day as PlanDay
from generators.plan.world import WorldPlan
from generators.randomness import Bools, Floats, Ints, stream
from generators.shop.markets import COUNTRIES
from generators.shop.names import NAMES_PER_LOCALE, name_codes
from generators.shop.shop import MAX_CUSTOMERS
from generators.times import DAY

COUNTRY_CODES: Final = texts(COUNTRIES)

SHARE_UNKNOWN: Final = 0.002  # they order, but no system has a record of them
SHARE_WITHOUT_PHONE: Final = 0.2
SHARE_WITHOUT_BIRTH_DATE: Final = 0.3
SHARE_CONSENTING: Final = 0.45
SHARE_HOUSEHOLD: Final = 0.06  # they live with another customer
SHARE_NAMESAKE: Final = 0.01  # they are called as another customer
CHANGES: Final = 0.001  # a day, of all customers
BASE_CHUNK: Final = 100_000
YEARS_BEFORE: Final = 4 * 365 * DAY


@dataclass
class People:
    """The state of all customers [n], changed in place day by day. Codes point into `spellings`."""

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
        plan = self.plan
        self.market = plan.shop.market
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
        self.spellings = spellings_of(plan.seed)

    def _share_homes(self, chance: Floats) -> None:
        """Households: another first name at the same address, under the same last name."""
        member, other = pairs(self.market, chance < SHARE_HOUSEHOLD)
        for codes in (self.street, self.house, self.place, self.last):
            codes[member] = codes[other]
        same = member[self.first[member] == self.first[other]]
        self.first[same] = self.market[same] * NAMES_PER_LOCALE + (self.first[same] + 1) % NAMES_PER_LOCALE

    def _share_names(self, chance: Floats, at_home: Bools) -> None:
        """Namesakes: different people with the same first and last name."""
        namesake, other = pairs(self.market, (chance > 1 - SHARE_NAMESAKE) & ~at_home)
        for codes in (self.first, self.last):
            codes[namesake] = codes[other]

    def _join(self, chance: Floats) -> None:
        """Customers of the start registered in the years before, the others on the day they joined."""
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
        """The rows of the file of this day."""
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
                yield other_rows(self, other, due[first : first + BASE_CHUNK])

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

    def shop_rows(self, customers: Ints) -> dict[str, pa.Array]:
        """The columns of the contract `customers`: the newest version of the shop's records of these customers."""
        spellings, place, market = self.spellings, self.place[customers], self.market[customers]
        streets = chosen(spellings.streets, self.street[customers])
        return {
            "customer_id": identifiers("CUS-", customers + 1, 7),
            "source_system": constant("shop", len(customers)),
            "first_name": chosen(spellings.first_names, self.first[customers]),
            "last_name": chosen(spellings.last_names, self.last[customers]),
            "email": self._emails(customers),
            "phone": phones(market, self.phone[customers], self._has_phone[customers]),
            "birth_date": dates(self.born[customers], self._has_birth_date[customers]),
            "street": addresses(streets, self.house[customers], market),
            "postal_code": chosen(spellings.postal_codes, place),
            "city": chosen(spellings.cities, place),
            "country_code": chosen(COUNTRY_CODES, market),
            "marketing_consent": pa.array(self.consent[customers]),
            "registered_at": instants(self.registered[customers]),
            "updated_at": instants(self.updated[customers]),
        }

    def _emails(self, customers: Ints) -> pa.Array:
        """The address that orders show, until it changes."""
        at_first = chosen(self.plan.shop.email, customers)
        changed = pc.binary_join_element_wise("new", as_texts(self.mailbox[customers]), ".", at_first, "")
        return pc.if_else(pa.array(self.mailbox[customers] > 0), changed, at_first)


def pairs(market: Ints, chosen: Bools) -> tuple[Ints, Ints]:
    """Each chosen customer with the one before, where both are of one country and that one is not chosen itself."""
    other_free = np.concatenate([[False], ~chosen[:-1]])
    same_market = np.concatenate([[False], market[1:] == market[:-1]])
    member = np.flatnonzero(chosen & other_free & same_market)
    return member, member - 1
