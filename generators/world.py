"""A whole e-commerce world: all raw datasets, consistent with each other, as files of every day.

    manifest = generate_world(Path("out"), days=90, orders_per_day=2_000, seed=7)

writes `out/<dataset>/<dataset>-YYYY-MM-DD.csv` for every dataset and day, and `out/manifest.json`. Same arguments (and
package versions), same bytes. The files of a day do not depend on how many days follow: a world of one day more, with
the same start, is the same world and the files of one day more.
"""

from collections.abc import Collection
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from generators.dirt.kinds import check_dirty
from generators.files.formats import Format
from generators.files.replacing import replace_set
from generators.files.row_file import FileType
from generators.manifests.world import WorldArguments, WorldManifest
from generators.plan.world import WorldPlan
from generators.schemas import DATASETS
from generators.times import yesterday
from generators.transactions import DEFAULT_DIRTY, DEFAULT_SEED
from generators.world_days import OnDay, WorldGeneration

DEFAULT_WORLD_DAYS: Final = 90
DEFAULT_ORDERS_PER_DAY: Final = 2_000


def generate_world(  # noqa: PLR0913 - every argument is part of what makes the bytes
    out: Path,
    *,
    days: int = DEFAULT_WORLD_DAYS,
    orders_per_day: int = DEFAULT_ORDERS_PER_DAY,
    seed: int = DEFAULT_SEED,
    dirty: float = DEFAULT_DIRTY,
    start_date: date | None = None,
    end_date: date | None = None,
    file_format: Format = "csv",
    compressed: bool = False,
    late_rates: bool = False,
    price_demand: bool = False,
    datasets: Collection[str] = DATASETS,
    on_day: OnDay = lambda _: None,
) -> WorldManifest:
    """Write a world of `days` days with about `orders_per_day` orders (2.2 lines and 11 events each) on each of them.

    start_date, end_date: one of them decides the other; the world ends yesterday (UTC) when both are None.
    dirty: share of spoiled rows of every dataset, 0 to 0.5. late_rates: exchange rates of some days come days later.
    price_demand: demand answers to prices, and each category has its seasons; the manifest says how.
    datasets: the ones to write; the others are generated too, but in no file. on_day: called after each day with
    the number of days done.
    Files of an earlier manifest in `out` are replaced once the new ones are complete; other files are left alone.

    Raises ValueError for arguments outside these bounds; `out` is unchanged then.
    """
    start = first_day(days, start_date, end_date)
    plan = WorldPlan(start, days, orders_per_day, seed, price_demand)
    arguments = WorldArguments(
        days=days,
        orders_per_day=orders_per_day,
        seed=seed,
        start_date=start.isoformat(),
        end_date=plan.end_date.isoformat(),
        dirty=dirty,
        format=file_format,
        gzip=compressed,
        late_rates=late_rates,
        price_demand=price_demand,
        datasets=tuple(name for name in DATASETS if name in datasets),
    )
    check_datasets(datasets)
    check_dirty(dirty)
    file_type = FileType(file_format, compressed=compressed)
    return replace_set(out, lambda unfinished: WorldGeneration(plan, arguments, file_type, unfinished).run(on_day))


def first_day(days: int, start_date: date | None, end_date: date | None) -> date:
    if days < 1:
        raise ValueError(f"days={days}: give at least one day")
    if start_date is None:
        return (end_date or yesterday()) - timedelta(days=days - 1)
    if end_date not in {None, last_day(start_date, days)}:
        raise ValueError(f"{days} days from {start_date} do not end on {end_date}: leave out one of the two dates")
    return start_date


def last_day(start: date, days: int) -> date:
    return start + timedelta(days=days - 1)


def check_datasets(datasets: Collection[str]) -> None:
    """Raises ValueError when there is none, or one without a generator."""
    unknown = sorted(set(datasets) - set(DATASETS))
    if unknown or not datasets:
        raise ValueError(f"datasets={', '.join(unknown) or 'none'}: choose among {', '.join(DATASETS)}")
