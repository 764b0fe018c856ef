"""A restore drill: the catalog and the ledger are deleted, and everything is there again afterwards."""

import json

import pytest

from cartlake import contracts
from cartlake.ledger import FileState, RunState
from cartlake.runs.folder import LINEAGE_EVENTS
from cartlake_cli.commands.local.up import apply, terraform
from cartlake_cli.named_tables import placement
from cartlake_cli.operations.follow import wait_for_refresh
from tests.e2e.test_sweep import rows_and_keys

pytestmark = pytest.mark.e2e


def delete_catalog_and_ledger(lake):
    glue, dynamodb = lake.client("glue"), lake.client("dynamodb")
    for database in lake.outputs.databases.values():
        pages = glue.get_paginator("get_tables").paginate(DatabaseName=database)
        for table in [table["Name"] for page in pages for table in page["TableList"]]:
            glue.delete_table(DatabaseName=database, Name=table)
        glue.delete_database(Name=database)
    dynamodb.delete_table(TableName=lake.outputs.ledger_table)


def tables_of(lake, rows_of):
    """The number of rows of each table, and a checksum over all its columns."""
    names = [placement(lake).identifier(table) for contract in contracts.load_all() for table in contract.tables]
    found = {}
    for database, name in names:
        [[rows]] = rows_of(f'select count(*) from "{database}"."{name}"')
        found[f"{database}.{name}"] = int(rows)
    return found


def files_of(lake):
    return {file.file_id: (file.dataset, file.state, file.sha256, file.run_id) for file in lake.ledger.files.list()}


def runs_of(lake):
    subjects = [*lake.ledger.files.datasets(), "refresh"]
    return {run.run_id: run for subject in subjects for run in lake.ledger.runs.list(subject)}


def has_documents(lake, run_id):
    found = lake.client("s3").list_objects_v2(Bucket=lake.outputs.buckets["artifacts"], Prefix=f"runs/{run_id}/")
    return found["KeyCount"] > 0


def said_how_they_ended(lake):
    """The runs whose last document is there: tests before this one kill the server when a run is about to write it."""
    pages = (
        lake.client("s3")
        .get_paginator("list_objects_v2")
        .paginate(Bucket=lake.outputs.buckets["artifacts"], Prefix=LINEAGE_EVENTS)
    )
    names = (one["Key"].rpartition("/")[2] for page in pages for one in page.get("Contents", []))
    return {name.removesuffix(".END.json") for name in names if name.endswith(".END.json")}


def destroyed_by(lake):
    """What `terraform plan` would destroy or replace."""
    plan = str(lake.home / "drill.tfplan")
    terraform(lake, "plan", "-input=false", f"-out={plan}")
    shown = json.loads(terraform(lake, "show", "-json", plan))
    return [one["address"] for one in shown["resource_changes"] if "delete" in one["change"]["actions"]]


def test_tables_and_ledger_come_back_and_no_file_is_loaded_twice(lake, run_lake, demo, orders, rows_of):
    path, _ = orders(60)
    run_lake("drop", "transactions", path, "--wait")
    run_lake("restore", "--yes")  # tests before this one have taken records out of the ledger
    assert json.loads(run_lake("restore", "--json").stdout)["needed"] is False

    wait_for_refresh(lake)  # a run leaves its last document a moment after it is on record as succeeded
    tables, files, runs = tables_of(lake, rows_of), files_of(lake), runs_of(lake)
    missing = {file.file_id for file in lake.ledger.files.list() if file.reason == "object_missing"}
    ended = said_how_they_ended(lake)
    rewritten = {file.file_id for file in lake.ledger.files.list() if file.version.file_id != file.file_id}
    gone = missing | {one for one, file in files.items() if file[3] and file[3] not in ended}
    delete_catalog_and_ledger(lake)
    assert destroyed_by(lake) == []
    apply(lake)

    refused = run_lake("tables", "apply", exit_code=1)  # an empty table would hide the rows
    assert "lake restore" in str(refused.exception)
    planned = json.loads(run_lake("restore", "--json").stdout)
    assert planned["needed"] is True
    assert lake.ledger.files.list() == []  # nothing was changed
    run_lake("restore", "--yes")

    assert tables_of(lake, rows_of) == tables
    restored = files_of(lake)
    # Nothing proves what became of files whose run never ended; all others are as they were.
    assert {one: (file, files.get(one)) for one, file in restored.items() if files.get(one) != file} == {}
    settled = (FileState.LOADED, FileState.REJECTED)
    # Of an object that was deleted before it was read there is nothing to have on record.
    assert {one for one, file in files.items() if file[1] in settled} - gone <= restored.keys()
    again = runs_of(lake)
    # A smoke test removes the documents of its runs.
    known = [run for run in runs.values() if run.run_id in ended and has_documents(lake, run.run_id)]
    succeeded = [run for run in known if run.state is RunState.SUCCEEDED]
    assert succeeded
    assert {run.run_id: (again[run.run_id].counts, again[run.run_id].files) for run in succeeded} == {
        run.run_id: (run.counts, run.files) for run in succeeded
    }

    assert json.loads(run_lake("restore", "--json").stdout)["needed"] is False
    swept = json.loads(run_lake("sweep", "--grace", 0, "--dry-run", "--json").stdout)["files"]
    # A duplicate that an erasure rewrote is on record by its new version.
    assert swept["unrecorded"] == len(files.keys() - restored.keys() - missing - rewritten)
    assert run_lake("tables", "plan", "--json").stdout.strip() == "[]"
    assert "No changes." in terraform(lake, "plan", "-input=false", "-detailed-exitcode")

    copy = path.rename(path.with_name(f"again-{path.name}"))
    [same] = json.loads(run_lake("drop", "transactions", copy, "--wait", "--json").stdout)
    assert same["state"] == FileState.DUPLICATE
    new, _ = orders(40)
    [loaded_now] = json.loads(run_lake("drop", "transactions", new, "--wait", "--json").stdout)
    assert loaded_now["state"] == FileState.LOADED
    assert (rows_and_keys(rows_of, new), rows_and_keys(rows_of, path)) == ((40, 40), (60, 60))
