"""Many runs of one small file each: what a run reads and writes, and what a table holds, does not grow with them."""

import hashlib
from collections import Counter
from datetime import date, timedelta

import pytest
from pyiceberg.manifest import ManifestContent

from cartlake import contracts
from cartlake.aws.clients import client
from cartlake.contracts.custom_properties.maintenance import MAX_SNAPSHOTS
from cartlake.refresh.day_ranges import of_days
from cartlake.refresh.graph import Scope
from cartlake.runs.documents import FileFormat, Manifest, ManifestFile
from cartlake.times import utc_now
from generators.transactions import generate_transactions
from glue_jobs.dataset_etl.pipeline import load_files
from glue_jobs.dataset_etl.run import Run
from glue_jobs.engines.duckdb.engine import duckdb_engine
from glue_jobs.engines.duckdb.iceberg import expiring
from glue_jobs.engines.duckdb.iceberg.tables import scan
from glue_jobs.shared.phases import Phases
from lambdas.table_publisher import handler as publisher
from tests.integration.light_lake import LightLake, bucket_in

pytestmark = pytest.mark.integration

CONTRACT = contracts.load("transactions")
ORDERS, QUALITY, LINES = "processed.transactions", "ops.quality_results", "processed.order_lines"
DAY = date(2026, 3, 1)
RUNS = 40
ROWS = 12
MOST_VERSIONS = 12
AT_ONCE = 6


class Trickle(LightLake):
    """A lake whose order lines come in files of a few rows; every fifth file changes two rows of the one before."""

    def __init__(self, prefix, bucket):
        super().__init__(prefix, bucket)
        self.calls, self.last = Counter(), []
        for service in ("s3", "glue"):
            client(service).meta.events.register("before-call.*.*", self._count)
        for name in (ORDERS, QUALITY, LINES):
            with self.table(name).transaction() as changed:
                changed.set_properties({MAX_SNAPSHOTS: str(MOST_VERSIONS)})

    def _count(self, model, **_):
        self.calls[f"{model.service_model.service_name}.{model.name}"] += 1

    def drop_and_load(self, number, folder):
        """Load a file and publish it; return the calls to AWS that took."""
        file = self._drop(number, folder)
        self.calls.clear()
        run_id = f"transactions-20260301T120000-{number:06x}"
        manifest = Manifest(
            run_id=run_id, dataset="transactions", contract_version="1.0.0", created_at="", files=[file]
        )
        names = (self.name(ORDERS), self.name("ops.quarantine_rows"), self.name(QUALITY))
        with duckdb_engine(run_id) as engine:
            report = load_files(Run(engine, manifest, CONTRACT, self.prefix, *names, utc_now(), Phases()))
        publisher.publish(self.name(ORDERS).removeprefix("glue."), report.branch, int(report.snapshot_id))
        self.changes[ORDERS] = Scope(days=of_days([date.fromisoformat(day) for day in report.touched_days]))
        return Counter(self.calls)

    def _drop(self, number, folder):
        generate_transactions(folder, rows=ROWS, days=1, seed=number, dirty=0.0, end_date=DAY)
        [path] = folder.glob("*.csv")
        header, *lines = path.read_text().splitlines()
        changed = [f"{line.rpartition(',')[0]},2026-03-02T00:00:{number:02d}Z" for line in self.last]
        self.last = lines[:2] if number % 5 == 4 else []
        body = "\n".join([header, *lines, *changed, ""]).encode()
        key = f"incoming/transactions/{number}.csv"
        put = client("s3").put_object(Bucket="light-trickle", Key=key, Body=body)
        return ManifestFile(
            file_id=hashlib.sha256(key.encode()).hexdigest()[:32],
            uri=f"s3://light-trickle/{key}",
            version_id=None,
            etag=put["ETag"].strip('"'),
            size=len(body),
            sha256="",
            format=FileFormat(kind="csv", header=header.split(",")),
        )

    def held(self, physical_name):
        """What there is of a table: files by kind, manifests, versions, bytes of its metadata file, all its objects."""
        table = self.table(physical_name)
        manifests = table.current_snapshot().manifests(table.io)
        kinds = Counter[str]()
        for one in manifests:
            kinds[one.content.name] += len(one.fetch_manifest_entry(table.io))
        folder = table.location().removeprefix("s3://light-trickle/")
        pages = client("s3").get_paginator("list_objects_v2").paginate(Bucket="light-trickle", Prefix=f"{folder}/")
        return {
            "data files": kinds[ManifestContent.DATA.name],
            "delete files": kinds[ManifestContent.DELETES.name],
            "manifests": len(manifests),
            "versions": len(table.metadata.snapshots),
            "metadata bytes": len(table.metadata.model_dump_json()),
            "objects": sum(len(page.get("Contents", [])) for page in pages),
        }


@pytest.fixture(scope="module")
def grown(localaws, tmp_path_factory):
    """A lake after all runs, and the calls of each run."""
    with pytest.MonkeyPatch.context() as patch, bucket_in(localaws, "light-trickle") as bucket:
        patch.setattr(expiring, "YOUNGEST", timedelta(0))  # runs of this test are a second apart
        patch.setattr(expiring, "AT_ONCE", AT_ONCE)
        lake, calls, held = Trickle("trickle_", bucket), [], []
        for number in range(RUNS):
            calls.append(lake.drop_and_load(number, tmp_path_factory.mktemp("file")))
            if number % 10 == 9:
                lake.refresh(tables=[LINES])
                held.append({name: lake.held(name) for name in (ORDERS, QUALITY, LINES)})
        yield lake, calls, held


def test_every_row_is_there_once_as_it_was_sent_last(grown):
    lake, *_ = grown
    rows = lake.rows(ORDERS, "order_id, line_number, updated_at::varchar, _run_id")

    assert len(rows) == len({row[:2] for row in rows}) == RUNS * ROWS
    changed = [row for row in rows if row[2].startswith("2026-03-02 00:00:")]
    assert len(changed) == 2 * (RUNS // 5 - 1)
    assert len(lake.rows(LINES, "order_id")) > 0


@pytest.mark.parametrize("name", [ORDERS, QUALITY, LINES])
def test_files_manifests_and_versions_of_a_table_are_bounded(grown, name):
    _, _, held = grown
    of_table = [one[name] for one in held]

    assert max(one["data files"] for one in of_table) <= 9
    assert max(one["delete files"] for one in of_table) <= 5
    assert max(one["manifests"] for one in of_table) <= 12
    assert max(one["versions"] for one in of_table) <= MOST_VERSIONS + AT_ONCE + 2


def test_metadata_and_objects_do_not_grow_once_old_versions_leave(grown):
    _, _, held = grown
    middle, end = held[1][ORDERS], held[-1][ORDERS]

    assert end["metadata bytes"] <= 1.5 * middle["metadata bytes"]
    assert end["metadata bytes"] < 40_000
    # Beside the versions' files there are the 50 metadata files that Iceberg keeps.
    assert end["objects"] <= 50 + 5 * (MOST_VERSIONS + AT_ONCE + 2)


def test_a_run_makes_as_many_requests_after_many_runs_as_in_the_beginning(grown):
    _, calls, _ = grown

    def of_ten(first):
        return sum(sum(one.values()) for one in calls[first : first + 10])

    assert of_ten(RUNS - 10) <= 1.5 * of_ten(2)
    assert sum(one["s3.GetObject"] for one in calls[-10:]) <= 10 * 10
    assert sum(one["s3.PutObject"] for one in calls[-10:]) <= 10 * 22


def test_every_version_that_stays_can_be_read_as_it_was(grown):
    lake, *_ = grown
    table = lake.table(ORDERS)

    with duckdb_engine("run-1") as engine:
        counted = {
            one.snapshot_id: engine.session.rows(f"select count(*) from ({scan(table, one.snapshot_id).sql()})")
            for one in table.metadata.snapshots
        }

    assert len(counted) >= MOST_VERSIONS
    assert counted == {one.snapshot_id: [(_rows(one),)] for one in table.metadata.snapshots}


def test_versions_that_only_joined_files_say_so_and_hold_as_many_rows(grown):
    lake, *_ = grown
    table = lake.table(ORDERS)
    rewritten = [one for one in table.metadata.snapshots if one.summary.operation.value == "replace"]

    assert rewritten
    for snapshot in rewritten:
        before = table.snapshot_by_id(snapshot.parent_snapshot_id) if snapshot.parent_snapshot_id else None
        if before is not None:
            assert _rows(snapshot) == _rows(before)


def _rows(snapshot):
    total = snapshot.summary.additional_properties
    return int(total["total-records"]) - int(total["total-position-deletes"])
