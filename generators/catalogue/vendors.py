"""Vendors: all of them as of the first day, then what changes from day to day."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from generators.files.arrays import Batch, chosen, identifiers, instants, texts
from generators.plan.world import Day as PlanDay
from generators.plan.world import WorldPlan
from generators.randomness import Bools, Ints, stream
from generators.times import DAY

VENDOR_COUNT: Final = 200
VENDOR_CHANGES: Final = 0.8  # a day
COMPANY_FIRST: Final = (
    *("Alpine", "Baltic", "Northern", "Harbour", "Linden", "Meridian", "Silver", "Westfield", "Oakwood", "Rhine"),
    *("Vistula", "Nordic", "Lakeside", "Summit", "Copper", "Amber", "Delta", "Orchard", "Granite", "Castle"),
)
COMPANY_SECOND: Final = (
    *("Goods", "Trading", "Textiles", "Works", "Supplies", "Living", "Imports", "Outdoor", "Electronics", "Paper"),
)
COMPANY_FORM: Final = {"DE": "GmbH", "AT": "GmbH", "PL": "Sp. z o.o.", "NL": "B.V.", "IT": "S.r.l.", "CN": "Co., Ltd."}
VENDOR_COUNTRIES: Final = tuple(COMPANY_FORM)


@dataclass
class Vendors:
    """The state of all vendors, changed in place day by day."""

    plan: WorldPlan
    country: Ints = field(init=False)
    lead_time: Ints = field(init=False)
    active: Bools = field(init=False)
    mailbox: Ints = field(init=False)
    """How often the address for orders has changed."""

    def __post_init__(self) -> None:
        rng = stream(self.plan.seed, "vendors")
        self.country = rng.integers(0, len(VENDOR_COUNTRIES), VENDOR_COUNT)
        self.lead_time = rng.integers(1, 60, VENDOR_COUNT)
        self.active = rng.random(VENDOR_COUNT) >= 0.03  # noqa: PLR2004 - a few are inactive
        self.mailbox = np.zeros(VENDOR_COUNT, dtype=np.int64)
        self._names = texts([vendor_name(number, int(code)) for number, code in enumerate(self.country)])
        self._countries = texts(VENDOR_COUNTRIES)
        self._born = self.plan.first_second - rng.integers(DAY, 900 * DAY, VENDOR_COUNT)

    def batches(self, day: PlanDay) -> Iterator[Batch]:
        """The rows of the file of this day."""
        if day.index == 0:
            yield self._rows(np.arange(VENDOR_COUNT), self._born)
        rng = stream(self.plan.seed, "vendor_changes", day.date.toordinal())
        changed = np.sort(rng.choice(VENDOR_COUNT, int(VENDOR_CHANGES + rng.random()), replace=False))
        if len(changed):
            what = rng.random(len(changed))
            self.lead_time[changed[what < 0.7]] = rng.integers(1, 60, int((what < 0.7).sum()))  # noqa: PLR2004
            self.mailbox[changed[(what >= 0.7) & (what < 0.95)]] += 1  # noqa: PLR2004
            self.active[changed[what >= 0.95]] ^= True  # noqa: PLR2004
            yield self._rows(changed, day.start + rng.integers(0, DAY, len(changed)))

    def _rows(self, vendors: Ints, updated_at: Ints) -> Batch:
        mailboxes = [f"orders{int(self.mailbox[code]) or ''}@vendor{code + 1:03d}.example.com" for code in vendors]
        return {
            "vendor_id": identifiers("VEN-", vendors + 1, 4),
            "vendor_name": chosen(self._names, vendors),
            "country_code": chosen(self._countries, self.country[vendors]),
            "contact_email": texts(mailboxes),
            "lead_time_days": self.lead_time[vendors],
            "is_active": self.active[vendors],
            "updated_at": instants(updated_at),
        }


def vendor_name(number: int, country: int) -> str:
    first = COMPANY_FIRST[number % len(COMPANY_FIRST)]
    second = COMPANY_SECOND[number // len(COMPANY_FIRST) % len(COMPANY_SECOND)]
    return f"{first} {second} {COMPANY_FORM[VENDOR_COUNTRIES[country]]}"
