"""A backfill in many slices leaves the table of a backfill in one, whatever the order of versions, on both engines."""

import random
from collections import Counter
from datetime import date

import pytest

from cartlake.ledger import Slice
from cartlake.runs.documents import BackfillPart
from cartlake.runs.slicing import to_read_again
from tests.spark.loading import csv, header_of
from tests.spark.order_lines import AS_WRITTEN as GOOD

pytestmark = pytest.mark.spark

NAMES = header_of("transactions")
KNOWN = "validValues: [EUR, USD, GBP, SEK, PLN]"
STATUSES = ("placed", "paid", "shipped", "delivered")


def generated(seed, files, keys=6):
    """Rows of some files: versions come in any order, days and currencies change, rows are sent twice."""
    dice = random.Random(seed)
    return [csv([row(dice, key) for key in dice.choices(range(keys), k=keys)], NAMES) for _ in range(files)]


def row(dice, key):
    return GOOD | {
        "order_id": f"ORD-{key:010X}",
        "order_status": dice.choice(STATUSES),
        "currency": dice.choice(("EUR", "USD", "CHF")),
        "ordered_at": f"2026-02-2{dice.randint(5, 7)}T09:30:00Z",
        "updated_at": f"2026-02-28T0{dice.randint(1, 6)}:00:00Z",
    }


def contents(lake):
    return sorted(tuple(str(found[name]) for name in NAMES) for found in lake.rows())


def in_slices(lake, files):
    """Read each file again as a slice of its own, newest first, as the claimer and the recorder have it done."""
    slices, reports, before, done = [part_of(files, number) for number in range(1, len(files) + 1)], [], None, 0
    while done < len(slices):
        part = slices[done]
        place = int(part.first_key)
        unread = [] if part.again else [load for file in files[:place] for load in file.loads]
        known = BackfillPart(number=part.number, slices=len(slices), unread=unread, before=before)
        report = lake.backfill([files[place]], supersede=False, part=known)
        load = lake.loaded_by(report, [files[place]])
        files = [*files[:place], *load, *files[place + 1 :]]
        slices[done] = part.model_copy(update={"outranked": report.outranked})
        if report.withdrawn:
            before = before or report.base_snapshot_id
        if report.withdrawn + report.lowered:
            slices += to_read_again(slices, slices[done], [])
        reports.append(report)
        done += 1
    return reports, slices


def part_of(files, number):
    place, day = str(len(files) - number), date(2026, 3, 1)
    return Slice(number=number, first=day, last=day, first_key=place, last_key=place, files=1, size=1, rows=1)


def compared(lake, correct, seed, files):
    """Load files, correct the contract, backfill them in one slice and in many, and compare; returns what was seen."""
    loaded = []
    for number, body in enumerate(generated(seed, files)):
        lake.drop(f"{number}.csv", body)
        fresh = list(lake.files)
        loaded += lake.loaded_by(lake.backfill(fresh, supersede=False), fresh)
    head = current(lake)
    correct((KNOWN, "validValues: [EUR, CHF]"))
    whole = lake.backfill(loaded, supersede=False)
    expected = contents(lake)
    lake.set_main(head)
    reports, slices = in_slices(lake, loaded)
    assert contents(lake) == expected
    assert sum(report.withdrawn - report.returned for report in reports) == whole.withdrawn
    first = [report for report, part in zip(reports, slices, strict=True) if not part.again]
    assert sum(report.rows.read for report in first) == whole.rows.read
    assert sum(report.rows.quarantined for report in first) == whole.rows.quarantined
    assert {day for report in reports for day in report.touched_days} >= set(whole.touched_days)
    return Counter(again=len(slices) - files, withdrawn=whole.withdrawn, returned=sum(r.returned for r in reports))


def current(lake):
    """The snapshot of main: the newest, as every run was published."""
    return list(lake.snapshots())[-1]


@pytest.mark.parametrize(
    ("seed", "seen"),
    [
        pytest.param(2, {"again": 1, "withdrawn": 1, "returned": 1}, id="each of them once"),
        pytest.param(4, {"again": 3, "withdrawn": 0, "returned": 1}, id="versions in the wrong order"),
    ],
)
def test_on_the_light_engine(light_lake, correct, seed, seen):
    assert compared(light_lake, correct, seed, files=4) == seen


def test_on_spark(spark_lake, correct):
    assert compared(spark_lake, correct, seed=2, files=2)
