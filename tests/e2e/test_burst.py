"""A burst of dropped files on a new account of AWS, where ten Lambdas run at a time and API calls are throttled.

`BURST` is the number of files: a few hundred in CI, 10,000 with `make prove`.
"""

import json
import os
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from cartlake.ledger import FileState
from cartlake_cli.operations.follow import wait_for_files
from cartlake_cli.operations.upload import upload
from tests.e2e.conftest import PARCELS_HEADER

pytestmark = pytest.mark.e2e

FILES = int(os.environ.get("BURST", "200"))
POLLERS_ON_AWS = 20
STALL_SECONDS = 600


@contextmanager
def pollers(lake, count):
    """Have so many batches of dropped files validated at once, as environments on AWS allow."""
    client = lake.client("lambda")
    [mapping] = client.list_event_source_mappings(FunctionName=lake.outputs.functions["file_validator"])[
        "EventSourceMappings"
    ]
    before = mapping["ScalingConfig"]
    client.update_event_source_mapping(UUID=mapping["UUID"], ScalingConfig={"MaximumConcurrency": count})
    yield
    client.update_event_source_mapping(UUID=mapping["UUID"], ScalingConfig=before)


def dropped(folder, prefix):
    """One file of one parcel each."""
    for number in range(FILES):
        line = f'{prefix}-{number},{number % 900 + 100},"Ada",2026-11-02,2026-11-02T10:00:00Z\n'
        path = folder / f"{prefix}-{number}.csv"
        path.write_text(PARCELS_HEADER + line)
        yield path


def throttles(lake, since):
    """How many invocations were throttled, by function."""
    found = lake.client("cloudwatch")
    sums = {}
    for name in lake.outputs.functions.values():
        points = found.get_metric_statistics(
            Namespace="AWS/Lambda",
            MetricName="Throttles",
            Dimensions=[{"Name": "FunctionName", "Value": name}],
            StartTime=since,
            EndTime=datetime.now(UTC) + timedelta(minutes=1),
            Period=60,
            Statistics=["Sum"],
        )["Datapoints"]
        sums[name] = sum(point["Sum"] for point in points)
    return sums


def test_every_file_of_a_burst_is_loaded_once_and_nothing_is_in_a_dead_letter_queue(lake, run_lake, rows_of, tmp_path):
    prefix, since = uuid4().hex[:8], datetime.now(UTC) - timedelta(minutes=1)
    before = json.loads(run_lake("status", "--json").stdout)["dead_letters"]
    assert lake.client("lambda").get_account_settings()["AccountLimit"]["ConcurrentExecutions"] == 10

    with pollers(lake, POLLERS_ON_AWS):
        files = upload(lake, "parcels", list(dropped(tmp_path, prefix)))
        ids = [file["file_id"] for file in files]
        ended = wait_for_files(lake, {"parcels": ids}, lambda *_: None, timeout_seconds=STALL_SECONDS)["parcels"]

    assert [file for file in ended if file.state is not FileState.LOADED] == []
    assert len({file.file_id for file in ended}) == FILES
    stored = f"select count(*), count(distinct parcel_id) from processed.parcels where parcel_id like '{prefix}-%'"
    assert rows_of(stored) == [[str(FILES), str(FILES)]]
    assert json.loads(run_lake("status", "--json").stdout)["dead_letters"] == before
    assert sum(throttles(lake, since).values()) > 0, "no invocation was throttled: the burst was too small"
