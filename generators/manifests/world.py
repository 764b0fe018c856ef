"""What a generated world holds, and what the lake must make of it: `manifest.json` beside its datasets.

Like the manifest of a single dataset it holds no path, clock or host, and money is a decimal string.
"""

from collections.abc import Mapping
from typing import Literal

from generators.manifests.models import ExpectedTable, GeneratedFile, ManifestModel, Model, PlantedDirt


class WorldArguments(Model):
    """What to repeat to get the same bytes again. Dates are ISO days, `dirty` is a share of rows (0 to 0.5).

    `datasets` are those that were written; the others are as they would be, but in no file.
    """

    days: int
    orders_per_day: int
    seed: int
    start_date: str
    end_date: str
    dirty: float
    format: Literal["csv", "jsonl", "parquet"]
    gzip: bool
    late_rates: bool
    datasets: tuple[str, ...]
    price_demand: bool = False


class DatasetTruth(Model):
    """One dataset. `rows` = `clean_rows` + `dirty_rows`; `dirty_rows` must end in quarantine, whatever their order.

    keys: rows in the processed table once every file is loaded, in any order. superseded: clean rows that are not in
    it, because a newer version or the same row is. warnings: clean rows that break a rule that only warns, by rule.
    dirt: keyed by kind; a kind that was not planted is absent. Files are named relative to the manifest.
    """

    files: tuple[GeneratedFile, ...]
    rows: int
    clean_rows: int
    dirty_rows: int
    expected_quarantined: int
    keys: int
    superseded: int
    warnings: Mapping[str, int]
    dirt: Mapping[str, PlantedDirt]


class OrderTruth(Model):
    """Orders with a line in the files, each counted once: cancelled when all its lines are, returned when one is.

    online: those placed on the web or by phone, which have a purchase in the clickstream. `lines` is the final state
    of the lines. unknown_customer: orders of a customer no system has a record of. before_product: lines of a product
    whose first row comes on a later day. corrected_lines: quantity or price were corrected after delivery.
    """

    orders: int
    sold: int
    cancelled: int
    returned: int
    online: int
    unknown_customer: int
    before_product: int
    corrected_lines: int
    repeated_rows: int
    delayed_rows: int
    lines: ExpectedTable


class VisitTruth(Model):
    """The clickstream. Events count once, though some stand in two files.

    Sessions are visits of people with at least one event in the files: events of one visitor without a pause of
    `session_pause_minutes`. by_deepest_stage: sessions by the furthest event they got to. not_yet_received: events of
    the days that arrive after the last one and so are in no file.
    """

    session_pause_minutes: int
    events: int
    events_of_people: int
    purchases: int
    sessions: int
    by_deepest_stage: Mapping[str, int]
    sessions_across_midnight: int
    late_events: int
    repeated_events: int
    not_yet_received: int
    robots: Mapping[str, int]
    robot_events: int


class PersonTruth(Model):
    """Which records are of one person.

    duplicates: by the customer_id of the shop, the customer_ids of the same person in other systems.
    Every other customer_id is a person of its own. by_source: customer records by system, versions not counted.
    unknown_customers: who ordered without any record.
    """

    people: int
    by_source: Mapping[str, int]
    duplicates: Mapping[str, tuple[str, ...]]
    customers_who_ordered: int
    unknown_customers: int


class PersonalData(Model):
    """One value in the text of a review. A decoy fails the check of its kind, so it is not personal data."""

    review_id: str
    kind: str
    value: str
    decoy: bool


class ReviewTruth(Model):
    """Reviews, each counted once. unmatched: about orders that do not exist. again: second ones of one purchase."""

    reviews: int
    edited: int
    again: int
    unmatched: int
    personal_data: tuple[PersonalData, ...]


class RateTruth(Model):
    """base_currencies have no rate and need none. days_without_rate: days of the world that no file has a rate of."""

    currencies: tuple[str, ...]
    base_currencies: tuple[str, ...]
    first_day: str
    days_without_rate: tuple[str, ...]
    corrected: int


class CatalogueTruth(Model):
    """Products and vendors. late_products: by product_id, the day whose file first has it; orders come before."""

    products: int
    vendors: int
    products_of_unknown_vendors: tuple[str, ...]
    late_products: Mapping[str, str]


class DemandTruth(Model):
    """The demand of one category: its price elasticity, and its seasons over a mean day.

    weekday: Monday first. The yearly wave rises and falls by `amplitude` and is highest on day `peak` of the year.
    """

    elasticity: float
    weekday: tuple[float, ...]
    amplitude: float
    peak: int


class WorldManifest(ManifestModel):
    """The whole manifest of a world."""

    kind: Literal["world"] = "world"
    arguments: WorldArguments
    datasets: Mapping[str, DatasetTruth]
    orders: OrderTruth
    visits: VisitTruth
    people: PersonTruth
    reviews: ReviewTruth
    rates: RateTruth
    catalogue: CatalogueTruth
    demand: Mapping[str, DemandTruth] | None = None
    """By category; None where demand ignores prices."""

    def file_names(self) -> list[str]:
        return [file.name for truth in self.datasets.values() for file in truth.files]
