"""Runbooks that no other test follows: the fault is caused, then the commands of the page are typed."""

from datetime import UTC, datetime

import pytest

from cartlake.ledger import FileState
from tests.e2e.conftest import PARCELS_HEADER

pytestmark = pytest.mark.e2e


def test_a_table_whose_newest_metadata_is_gone_is_repaired(
    lake, redeployed, run_lake, rows_of, follow_runbook, tmp_path
):
    """The commit that is lost is read again from its file."""
    today = datetime.now(UTC).date()
    run_lake("backfill", "parcels", "--from", "2026-01-01", "--to", today)  # by the contract of the second deployment
    path = tmp_path / "parcels.csv"
    path.write_text(PARCELS_HEADER + "PCL-77,777,Zoe,2026-11-02,2026-11-02T10:00:00Z\n")
    run_lake("drop", "parcels", path, "--wait")
    rows = "select parcel_id, grams from processed.parcels order by 1"
    before = rows_of(rows)
    entry = lake.client("glue").get_table(DatabaseName=lake.outputs.databases["processed"], Name="parcels")["Table"]
    bucket, _, key = entry["Parameters"]["metadata_location"].removeprefix("s3://").partition("/")
    lake.client("s3").delete_object(Bucket=bucket, Key=key)

    assert "unreadable" in follow_runbook("corrupt-table", "Find out", TABLE="processed.parcels")
    follow_runbook("corrupt-table", "Mend", TABLE="processed.parcels")

    assert "PCL-77" not in str(rows_of(rows))
    run_lake("backfill", "parcels", "--from", "2026-01-01", "--to", today)
    assert rows_of(rows) == before
    assert follow_runbook("corrupt-table", "Healthy again", TABLE="processed.parcels")


def test_files_whose_sender_renamed_a_column_are_loaded_once_the_contract_knows_the_name(
    lake, redeployed, rows_of, follow_runbook
):
    renamed = redeployed.renamed
    found = {"DATASET": "transactions", "FILE": renamed.file_id}
    assert renamed.state is FileState.REJECTED

    assert "mail_of_customer" in follow_runbook("schema-break", "Find out", **found)
    follow_runbook("schema-break", "Mend", **found)

    versions = [file for file in lake.ledger.files.list("transactions") if file.key == renamed.key]
    [loaded] = [file for file in versions if file.state is FileState.LOADED]
    counts = lake.ledger.runs.get(loaded.run_id).counts
    assert counts.read == counts.accounted_for >= 20
    [[addresses]] = rows_of(
        f"select count(customer_email) from processed.transactions where _run_id = '{loaded.run_id}'"
    )
    assert int(addresses) > 0
    assert loaded.file_id in follow_runbook("schema-break", "Healthy again", **found)
