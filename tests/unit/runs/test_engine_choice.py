import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cartlake import contracts
from cartlake.contracts import PartitionField
from cartlake.runs.costs import emr_cost, light_cost, spark_cost
from cartlake.runs.documents import FileFormat, ManifestFile
from cartlake.runs.engine_choice import EngineLimits, LoadSize, choose_engine, load_size, spark_only

LIMITS = EngineLimits(expanded=256e6, rows=5e6, table=1024e6)
SMALL = LoadSize(files=1, stored=1_200_000, expanded=1_200_000, rows=8_000, table=3_000_000)

sizes = st.integers(min_value=0, max_value=10**12)
limits = st.floats(min_value=0, max_value=1e12) | st.just(math.inf)
loads = st.builds(LoadSize, st.integers(1, 1000), sizes, sizes, sizes, st.none() | sizes)
all_limits = st.builds(EngineLimits, limits, limits, limits)
memories = st.none() | st.integers(min_value=1, max_value=10**12)


def test_the_reason_says_what_of_the_table_is_looked_at():
    unknown = dataclasses.replace(SMALL, table=None)

    reasons = [choose_engine(dataclasses.replace(unknown, keys=keys), LIMITS).reason for keys in (False, True)]

    assert ", of the table only the files of the batch's days to look at" in reasons[0]
    assert ", of the table the keys and the files of the batch's days to look at" in reasons[1]


def manifest_file(size, expanded=None, rows=None, **layout):
    return ManifestFile(
        file_id="f",
        uri="s3://raw/f",
        version_id=None,
        etag="e",
        size=size,
        sha256="",
        format=FileFormat(**{"kind": "csv", **layout}),
        expanded_size=expanded,
        row_estimate=rows,
    )


def test_a_small_batch_is_light_and_says_why():
    chosen = choose_engine(SMALL, LIMITS)

    assert (chosen.engine, chosen.reason) == (
        "light",
        "1.2 MB and 8,000 rows in 1 file, 3.0 MB of the table to look at; limits 256 MB, 5,000,000 rows, 1,024 MB",
    )


@pytest.mark.parametrize(
    "size",
    [
        pytest.param(LoadSize(3, 1, 256_000_001, 1, 1), id="bytes once decompressed"),
        pytest.param(LoadSize(3, 1, 1, 5_000_001, 1), id="rows"),
        pytest.param(LoadSize(3, 1, 1, 1, 1_024_000_001), id="bytes of the table"),
    ],
)
def test_one_limit_that_is_exceeded_is_enough_for_spark(size):
    chosen = choose_engine(size, LIMITS)

    assert chosen.engine == "spark"
    assert chosen.reason.startswith("too large for the light engine: ")


def test_a_batch_of_the_size_that_was_too_large_before_goes_to_spark():
    assert choose_engine(SMALL, LIMITS, too_large=SMALL.expanded).engine == "spark"
    assert choose_engine(SMALL, LIMITS, too_large=SMALL.expanded + 1).engine == "light"
    assert "a batch of 1.2 MB was too large" in choose_engine(SMALL, LIMITS, too_large=SMALL.expanded).reason


def test_a_table_that_only_spark_can_write_goes_to_spark():
    plain = contracts.load("transactions").table
    hashed = dataclasses.replace(plain, partitioning=(PartitionField("order_id", "bucket[16]"),))

    assert spark_only(plain) is None
    chosen = choose_engine(SMALL, LIMITS, only_spark=spark_only(hashed))
    assert chosen.engine == "spark"
    assert chosen.reason.startswith("only Spark writes tables partitioned by bucket[16]; 1.2 MB")


@given(loads, all_limits, memories)
def test_the_word_of_a_contract_wins(size, limit, too_large):
    assert choose_engine(size, limit, "light", too_large=too_large).engine == "light"
    assert choose_engine(size, limit, "spark", too_large=too_large).engine == "spark"


@given(loads, all_limits, memories, st.integers(0, 10**12), st.sampled_from(["expanded", "rows", "table"]))
def test_what_is_too_large_stays_too_large_when_it_grows(size, limit, too_large, more, field):
    before = {name: getattr(size, name) for name in ("files", "stored", "expanded", "rows", "table")}
    grown = LoadSize(**before | {field: (before[field] or 0) + more})

    if choose_engine(size, limit, "auto", too_large=too_large).engine == "spark":
        assert choose_engine(grown, limit, "auto", too_large=too_large).engine == "spark"


@given(loads, all_limits, all_limits)
def test_higher_limits_send_no_batch_to_spark(size, one, other):
    higher = EngineLimits(max(one.expanded, other.expanded), max(one.rows, other.rows), max(one.table, other.table))

    if choose_engine(size, one).engine == "light":
        assert choose_engine(size, higher).engine == "light"


@given(loads, all_limits, st.sampled_from(["expanded", "rows", "table"]))
def test_a_limit_of_zero_is_all_spark_and_no_limit_is_all_light(size, limit, field):
    none = EngineLimits(**{name: getattr(limit, name) for name in ("expanded", "rows", "table")} | {field: 0})

    assert choose_engine(size, none).engine == "spark"
    assert choose_engine(size, EngineLimits(math.inf, math.inf, math.inf)).engine == "light"


def test_a_batch_is_as_large_as_its_files_once_decompressed():
    files = [manifest_file(100, expanded=300, rows=3), manifest_file(50, expanded=50, rows=4)]

    assert load_size(files, table=7) == LoadSize(files=2, stored=150, expanded=350, rows=7, table=7)


def test_what_was_validated_before_sizes_were_kept_is_taken_to_be_large():
    plain, gzip, parquet = manifest_file(10), manifest_file(10, compression="gzip"), manifest_file(10, kind="parquet")

    assert [load_size([file]).expanded for file in (plain, gzip, parquet)] == [10, 200, 100]


def test_a_small_load_costs_a_small_part_of_the_shortest_job():
    assert light_cost(3, 2048) == pytest.approx(0.00008020, abs=1e-8)
    assert spark_cost(20, 2) == spark_cost(60, 2) == pytest.approx(0.014667, abs=1e-6)
    assert spark_cost(3600, 10) == pytest.approx(4.4)


def test_emr_serverless_bills_cores_and_memory_by_the_second_and_a_minute_at_least():
    assert emr_cost(20, 8, 32) == emr_cost(60, 8, 32) == pytest.approx((8 * 0.042094 + 32 * 0.004628) / 60, abs=1e-8)
    assert emr_cost(3600, 16, 0) == pytest.approx(16 * 0.042094)
