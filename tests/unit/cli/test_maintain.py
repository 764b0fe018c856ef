"""`lake maintain` and `lake health` on a lake of moto, with real Iceberg tables in a folder."""

import json
from datetime import UTC, datetime, timedelta

import boto3
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from cartlake import contracts
from cartlake.contracts.schemas import iceberg_schema
from cartlake.maintenance.documents import MaintenanceRecord
from cartlake.runs.documents import RowCounts
from cartlake.tables.catalog import load_catalog
from cartlake_cli.commands.maintenance import health, maintain
from cartlake_cli.commands.maintenance.records import maintenance_rows
from cartlake_cli.errors import NotFoundError
from cartlake_cli.operations import health as tables_health

RUN_ID = "maintenance-20260131T084000-bbbbbb"
RATES = contracts.load("fx_rates").table
FAILING = "fx_rates-20991231T083000-ffffff"


class TestMaintain:
    def test_tables_are_named_with_or_without_their_database(self):
        assert maintain.physical_names(["fct_orders", "processed.fx_rates"]) == [
            "curated.fct_orders",
            "processed.fx_rates",
        ]
        with pytest.raises(NotFoundError, match=r"no table 'nope'. There are: curated\."):
            maintain.physical_names(["fct_orders", "nope"])

    def test_before_and_after_are_shown_side_by_side(self):
        side = {"data_files": 1200, "size": 5_000_000, "deleted_rows": 0, "snapshots": 9}
        done = [{"action": "rewrite_data_files"}]
        table = {
            "table": "t", "outcome": "maintained", "reason": "", "seconds": 1.5, "done": done,
            "before": side, "after": {**side, "data_files": 3, "size": 4_000_000},
        }  # fmt: skip

        [row] = maintenance_rows([table])

        assert (row["files"], row["MB"], row["snapshots"]) == ("1,200 → 3", "5.00 → 4.00", "9")
        assert maintenance_rows([{**table, "after": None}])[0]["files"] is None


@pytest.fixture
def rates(lake, tmp_path):
    """`fx_rates` in six small files, two runs of it, and a schedule."""
    boto3.client("glue").create_database(DatabaseInput={"Name": "processed"})
    schema = iceberg_schema(RATES)
    table = load_catalog().create_table(("processed", "fx_rates"), schema, location=f"file://{tmp_path}/fx_rates")
    for number in range(6):
        moment = datetime(2026, 1, 1, tzinfo=UTC)
        values = [moment.date(), f"C{number}", 1, moment, moment, "s3://raw/a.csv", "run"]
        row = dict(zip([field.name for field in schema.fields], values, strict=True))
        table.append(pa.Table.from_pylist([row], schema=table.schema().as_arrow()))
    for number, quarantined in enumerate((1, 2)):
        run_id = f"fx_rates-2026013{number}T083000-aaaaaa"
        lake.ledger.runs.start(run_id)
        counts = RowCounts(read=10, published=10 - quarantined, quarantined=quarantined, duplicate=0)
        lake.ledger.runs.finish(run_id, counts, "")
    lake.outputs.maintenance_schedule = "cron(30 3 * * ? *)"
    return table


class TestHealth:
    def test_a_table_is_measured_by_its_metadata_and_its_runs(self, lake, rates):
        [found] = tables_health.health_of(lake, ["processed.fx_rates"])

        assert (found["state"], found["rows"], found["data_files"], found["removable_files"]) == ("no SLA", 6, 6, 5)
        assert (found["snapshots"], found["small_file_ratio"], found["delete_files"]) == (6, 0.8333, 0)
        assert found["quarantine_rate"] == 0.15
        assert found["last_run"]["run_id"] == "fx_rates-20260131T083000-aaaaaa"
        assert found["maintenance"]["schedule"] == "cron(30 3 * * ? *)"
        assert [need["action"] for need in found["maintenance"]["would_do"]] == ["rewrite_data_files"]
        assert found["age_hours"] < 1

    def test_a_table_older_than_its_sla_is_overdue_and_the_command_fails(self, lake, rates, monkeypatch):
        later = datetime.now(UTC) + timedelta(hours=50)
        monkeypatch.setattr(tables_health, "utc_now", lambda: later)
        monkeypatch.setitem(contracts.load("fx_rates").table.__dict__, "promised_hours", 48.0)

        ended = typed(lake, health, "health", "fx_rates", "--json")

        assert ended.exit_code == 1
        [found] = json.loads(ended.stdout)
        assert (found["state"], found["reason"]) == ("overdue", "written 50.0 hours ago; the SLA allows 48")

    def test_metadata_that_is_gone_is_told_with_the_repair_and_the_command_fails(self, lake, rates, tmp_path):
        for file in (tmp_path / "fx_rates" / "metadata").glob("*.metadata.json"):
            file.unlink()

        ended = typed(lake, health, "health", "fx_rates", "--json")

        assert ended.exit_code == 1
        [found] = json.loads(ended.stdout)
        assert found["state"] == "unreadable"
        assert "`lake tables repair processed.fx_rates`" in found["reason"]

    def test_tables_that_were_not_made_yet_are_no_fault(self, lake, rates):
        ended = typed(lake, health, "health", "vendors", "fx_rates")

        assert ended.exit_code == 0
        assert "missing" in ended.stdout
        assert "15.00%" in ended.stdout
        assert "deletes" not in ended.stdout
        assert "SUCCEEDED" not in ended.stdout

    def test_keys_that_stood_twice_are_told_with_what_to_do_and_the_command_fails(self, lake, rates):
        found_at = datetime(2026, 1, 31, 9, tzinfo=UTC)
        known = {"keys_checked_at": found_at, "repeated_keys": 3}
        lake.ledger.maintenance.note(
            MaintenanceRecord(table="processed.fx_rates", run_id=RUN_ID, at=found_at, outcome="maintained", **known)
        )

        ended = typed(lake, health, "health", "fx_rates")

        assert ended.exit_code == 1
        shown = " ".join(ended.output.split())
        assert "Found on 2026-01-31: 3 keys of processed.fx_rates stand more than once" in shown
        assert "`lake backfill`" in shown

    def test_a_last_run_that_failed_is_shown(self, lake, rates):
        lake.ledger.locks.acquire("fx_rates", FAILING)
        lake.ledger.runs.start(FAILING)
        lake.ledger.runs.fail(FAILING, "JobFailed", "no memory")

        assert "FAILED" in typed(lake, health, "health", "fx_rates").stdout


def typed(lake, module, *arguments):
    """Type one command of a module at this lake."""
    import typer

    application = typer.Typer()
    application.callback()(lambda context: setattr(context, "obj", lake))
    application.registered_callback.callback.__annotations__["context"] = typer.Context
    module.register(application)
    return CliRunner().invoke(application, list(arguments))
