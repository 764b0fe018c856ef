import gzip
import json
from datetime import date
from itertools import pairwise

import numpy as np
import pyarrow.parquet as pq
import pytest

from generators.files.arrays import rows_of
from generators.files.spool import Spool, pack
from generators.plan.world import ORDERS_PER_CHUNK, WorldPlan
from generators.randomness import stream
from generators.reviews.personal_data import KINDS, card, iban
from generators.schemas import DATASETS, schema_of
from generators.transactions import generate_transactions
from generators.world import generate_world
from generators.world_days import WorldGeneration

from .judging import read_csv, typed_value

START = date(2026, 1, 8)
TINY = {"days": 9, "orders_per_day": 40, "seed": 5, "dirty": 0.05, "start_date": START}


def contents(directory):
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    out = tmp_path_factory.mktemp("tiny")
    return out, generate_world(out, **TINY)


@pytest.mark.parametrize(
    ("file_format", "compressed"), [("csv", False), ("csv", True), ("jsonl", False), ("parquet", False)]
)
def test_same_arguments_give_the_same_bytes(tmp_path, file_format, compressed):
    for name in ("one", "two"):
        generate_world(tmp_path / name, **TINY, file_format=file_format, compressed=compressed)

    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_another_seed_gives_another_world(tiny, tmp_path):
    out, _ = tiny

    generate_world(tmp_path, **TINY | {"seed": 6})

    shared = contents(out).items() & contents(tmp_path).items()
    assert shared == set()


@pytest.mark.parametrize("late_rates", [False, True])
def test_the_files_of_a_day_do_not_depend_on_how_many_days_follow(tmp_path, late_rates):
    longest = {**TINY, "late_rates": late_rates, "days": 31}
    generate_world(tmp_path / "long", **longest)
    long = contents(tmp_path / "long")

    for days in (1, 9, 30):
        generate_world(tmp_path / str(days), **longest | {"days": days})
        short = contents(tmp_path / str(days))
        last = f"2026-01-{7 + days:02d}" if days < 25 else "2026-02-06"
        expected = {name for name in long if name[-14:-4] <= last and name != "manifest.json"}
        assert short.keys() - {"manifest.json"} == expected
        assert {name for name in expected if short[name] != long[name]} == set()


def test_a_world_has_a_folder_for_each_dataset_and_a_file_for_each_day_with_rows(tiny):
    out, manifest = tiny
    names = {dataset: [file.name for file in truth.files] for dataset, truth in manifest.datasets.items()}

    assert {path.name for path in out.iterdir()} == {*DATASETS, "manifest.json"} - {"reviews"}
    for dataset in ("customers", "products", "transactions", "clickstream"):
        assert names[dataset] == [f"{dataset}/{dataset}-2026-01-{day:02d}.csv" for day in range(8, 17)]
    assert len(names["vendors"]) < 9
    assert len(names["fx_rates"]) == 7
    assert names["reviews"] == []


def test_a_weekend_at_the_start_has_the_rates_of_the_days_before(tmp_path):
    manifest = generate_world(tmp_path, days=1, orders_per_day=5, start_date=date(2026, 1, 10), dirty=0.0)

    rows = read_csv(tmp_path / "fx_rates" / "fx_rates-2026-01-10.csv")
    assert len(rows) >= 40
    assert max(row[0] for row in rows) == "2026-01-09"
    assert manifest.rates.days_without_rate == ("2026-01-10",)


def test_all_formats_carry_the_same_clean_rows(tmp_path):
    for file_format in ("csv", "jsonl", "parquet"):
        generate_world(tmp_path / file_format, **TINY | {"days": 30, "dirty": 0.0}, file_format=file_format)

    for dataset in DATASETS:
        schema = schema_of(dataset)
        files = sorted(path.stem for path in (tmp_path / "csv" / dataset).iterdir())
        for stem in (files[0], files[-1]):
            rows = [
                {name: typed_value(schema, name, text or None) for name, text in zip(schema.names, row, strict=True)}
                for row in read_csv(tmp_path / "csv" / dataset / f"{stem}.csv")
            ]
            lines = (tmp_path / "jsonl" / dataset / f"{stem}.jsonl").read_text().splitlines()
            from_json = [json.loads(line, parse_float=str, parse_int=str) for line in lines]
            from_json = [
                {
                    name: value if isinstance(value, bool) else typed_value(schema, name, value)
                    for name, value in row.items()
                }
                for row in from_json
            ]
            assert pq.read_table(tmp_path / "parquet" / dataset / f"{stem}.parquet").to_pylist() == rows
            assert from_json == rows


def test_compressed_files_hold_the_plain_ones(tiny, tmp_path):
    out, manifest = tiny

    generate_world(tmp_path, **TINY, compressed=True)

    for truth in manifest.datasets.values():
        for file in truth.files:
            assert gzip.decompress((tmp_path / f"{file.name}.gz").read_bytes()) == (out / file.name).read_bytes()


def test_one_dataset_alone_is_as_in_the_whole_world(tiny, tmp_path):
    out, whole = tiny

    manifest = generate_world(tmp_path, **TINY, datasets=["clickstream"])

    assert set(manifest.datasets) == {"clickstream"}
    assert manifest.datasets["clickstream"] == whole.datasets["clickstream"]
    assert manifest.orders == whole.orders
    for file in manifest.datasets["clickstream"].files:
        assert (tmp_path / file.name).read_bytes() == (out / file.name).read_bytes()


def test_a_new_set_replaces_an_earlier_one_of_either_kind_and_nothing_else(tmp_path):
    generate_transactions(tmp_path, rows=10, days=1, end_date=START)
    (tmp_path / "notes.txt").write_text("mine")

    generate_world(tmp_path, **TINY)
    generate_world(tmp_path, **TINY | {"days": 2})
    assert not (tmp_path / "transactions-2026-01-08.csv").exists()
    assert not (tmp_path / "transactions" / "transactions-2026-01-12.csv").exists()

    generate_transactions(tmp_path, rows=10, days=1, end_date=START)
    assert set(contents(tmp_path)) == {"notes.txt", "manifest.json", "transactions-2026-01-08.csv"}


def test_a_manifest_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "manifest.json").write_text('{"name": "an app"}')

    with pytest.raises(ValueError, match="choose another directory"):
        generate_world(tmp_path, **TINY)

    assert contents(tmp_path) == {"manifest.json": b'{"name": "an app"}'}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param({"days": 0}, "at least one day", id="no days"),
        pytest.param({"orders_per_day": 0}, "1 to 20000000 orders", id="no orders"),
        pytest.param({"seed": -1}, "a seed of 0 or more", id="negative seed"),
        pytest.param({"dirty": 0.6}, "from 0 to 0.5", id="mostly dirt"),
        pytest.param({"end_date": date(2026, 1, 9)}, "leave out one of the two dates", id="dates that disagree"),
        pytest.param({"start_date": date(2016, 1, 1)}, "from 2020-01-01 on", id="too long ago"),
        pytest.param({"datasets": ["dragons"]}, "dragons: choose among customers", id="unknown dataset"),
        pytest.param({"datasets": []}, "none: choose among", id="no dataset"),
        pytest.param({"file_format": "parquet", "compressed": True}, "compresses itself", id="gzipped parquet"),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_written(tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        generate_world(tmp_path / "out", **TINY | arguments)

    assert not (tmp_path / "out").exists()


def test_the_smallest_world_works(tmp_path):
    manifest = generate_world(tmp_path, days=1, orders_per_day=1, start_date=START, dirty=0.0)

    assert manifest.orders.orders <= 1
    assert manifest.datasets["products"].keys > 4_900


def test_orders_are_about_as_many_as_asked_for_and_events_eleven_each(tmp_path):
    manifest = generate_world(tmp_path, days=91, orders_per_day=30, start_date=START, datasets=["vendors"])

    assert manifest.orders.orders == pytest.approx(91 * 30, rel=0.02)
    assert manifest.orders.lines.rows / manifest.orders.orders == pytest.approx(2.07, rel=0.06)
    assert manifest.visits.events / manifest.orders.orders == pytest.approx(11, rel=0.1)
    assert manifest.people.people == pytest.approx(0.35 * 90 * 30, rel=0.03)


def test_a_chunk_is_bounded_whatever_the_orders_and_shares_no_customer_with_another():
    plan = WorldPlan(START, 2, 90_000, 5)
    day = list(plan.calendar())[1]
    chunks = list(plan.chunks(day))

    assert len(chunks) == day.parts > 3
    assert max(chunk.orders for chunk in chunks) <= ORDERS_PER_CHUNK
    assert sum(chunk.orders for chunk in chunks) == day.orders
    assert chunks[0].customers[0] == 0
    assert chunks[-1].customers[1] == day.known
    assert all(chunk.customers[1] == following.customers[0] for chunk, following in pairwise(chunks))
    assert [chunk.first_order for chunk in chunks[1:]] == [c.first_order + c.orders for c in chunks[:-1]]


def test_no_batch_grows_with_the_number_of_days(monkeypatch, tmp_path):
    largest = {}

    def measured(generation, dataset, day, batch, warnings=None):
        largest[dataset] = max(largest.get(dataset, 0), rows_of(batch))

    monkeypatch.setattr(WorldGeneration, "_write", measured)
    sizes = []
    for days in (30, 90):
        largest.clear()
        generate_world(tmp_path / str(days), **TINY | {"days": days})
        sizes.append(dict(largest))

    assert all(sizes[1][dataset] < 2.5 * sizes[0][dataset] for dataset in sizes[0])


def test_spooled_rows_come_back_on_their_day_in_order_and_only_once(tmp_path):
    kind = np.dtype([("number", "i4"), ("day", "i8")])
    spool = Spool(tmp_path, last=12)
    days = np.array([11, 10, 11, 13, 10])
    for first in (0, 5):
        spool.put("lines", days, pack(kind, {"number": np.arange(first, first + 5), "day": days}))

    def taken(day):
        return [rows["number"].tolist() for rows in spool.take("lines", day, kind, 3)]

    assert taken(10) == [[1, 4, 6], [9]]
    assert taken(11) == [[0, 2, 5], [7]]
    assert taken(13) == taken(10) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("seed"), range(30))
def test_made_up_numbers_pass_their_checks_and_decoys_never_do(seed):
    from .test_world_laws import iban as is_iban
    from .test_world_laws import luhn

    for valid in (True, False):
        assert luhn(card(stream(seed, "review_text"), valid=valid).replace(" ", "").replace("-", "")) == valid
        assert is_iban(iban(stream(seed, "review_text"), valid=valid).replace(" ", "")) == valid


def test_kinds_of_personal_data_stay_in_one_line_and_have_a_sentence():
    assert all("{}" in sentence and "\n" not in sentence for kind in KINDS for sentence in kind.sentences)
