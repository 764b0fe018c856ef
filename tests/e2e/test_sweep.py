"""Events are lost on purpose; after a sweep every row is in the table, once."""

import json
from contextlib import contextmanager

import pytest

from cartlake.ledger import FileState
from cartlake_cli.operations.upload import upload
from tests.e2e.conftest import eventually

pytestmark = pytest.mark.e2e


@contextmanager
def rule_disabled(lake):
    """Let no event of a new object reach the queue."""
    events, name = lake.client("events"), f"{lake.outputs.name_prefix}-object-created"
    events.disable_rule(Name=name)
    try:
        yield
    finally:
        events.enable_rule(Name=name)


def items_of(lake):
    pages = lake.client("dynamodb").get_paginator("scan").paginate(TableName=lake.outputs.ledger_table)
    return {(item["pk"]["S"], item["sk"]["S"]): item for page in pages for item in page["Items"]}


def restore(lake, earlier):
    """Put the ledger back to an earlier state, as a restore from a backup does."""
    dynamodb, table = lake.client("dynamodb"), lake.outputs.ledger_table
    for pk, sk in items_of(lake).keys() - earlier.keys():
        dynamodb.delete_item(TableName=table, Key={"pk": {"S": pk}, "sk": {"S": sk}})
    for item in earlier.values():
        dynamodb.put_item(TableName=table, Item=item)


def swept(run_lake, *options):
    return json.loads(run_lake("sweep", "--grace", 0, "--json", *options).stdout)


def has_loaded(lake, file_id):
    found = lake.ledger.files.get_many([file_id])
    return bool(found) and found[0].state is FileState.LOADED


def rows_and_keys(rows_of, path):
    [[rows, keys]] = rows_of(
        "select count(*), count(distinct order_id || '-' || cast(line_number as varchar)) from processed.transactions "
        f"where _source_file like '%{path.name}'"
    )
    return int(rows), int(keys)


def test_files_dropped_while_the_rule_was_disabled_are_found_and_loaded(
    lake, run_lake, orders, rows_of, follow_runbook
):
    paths = [orders(60)[0], orders(60)[0]]
    with rule_disabled(lake):
        ids = [file["file_id"] for file in upload(lake, "transactions", paths)]

    found = swept(run_lake, "--dry-run")
    assert found["files"]["unrecorded"] == 2
    assert lake.ledger.files.get_many(ids) == []

    assert follow_runbook("region-outage", "Find out")
    assert "2" in follow_runbook("region-outage", "Healthy again", DATASET="vendors")

    eventually(lambda: all(has_loaded(lake, one) for one in ids), 180)
    assert [rows_and_keys(rows_of, path) for path in paths] == [(60, 60), (60, 60)]
    assert swept(run_lake)["found"] == 0


def test_a_purged_queue_loses_no_file(lake, run_lake, orders, rows_of):
    path, _ = orders(60)
    functions, sqs = lake.client("lambda"), lake.client("sqs")
    [mapping] = functions.list_event_source_mappings(FunctionName=lake.outputs.functions["file_validator"])[
        "EventSourceMappings"
    ]
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    try:
        [file] = upload(lake, "transactions", [path])
        depth = ["ApproximateNumberOfMessages"]
        url = lake.outputs.incoming_queue_url
        eventually(lambda: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=depth)["Attributes"][depth[0]] != "0")
        sqs.purge_queue(QueueUrl=url)
    finally:
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)

    assert swept(run_lake)["files"]["unrecorded"] == 1

    eventually(lambda: has_loaded(lake, file["file_id"]), 180)
    assert rows_and_keys(rows_of, path) == (60, 60)


def test_after_a_restore_of_the_ledger_each_row_is_still_there_once(lake, run_lake, orders, rows_of):
    earlier = items_of(lake)
    path, _ = orders(60)
    run_lake("drop", "transactions", path, "--wait")
    [[file_id]] = [[one.file_id] for one in lake.ledger.files.list("transactions") if one.key.endswith(path.name)]
    restore(lake, earlier)

    assert swept(run_lake)["files"]["unrecorded"] >= 1

    eventually(lambda: has_loaded(lake, file_id), 180)
    assert rows_and_keys(rows_of, path) == (60, 60)
    eventually(lambda: not json.loads(run_lake("status", "--json").stdout)["not_in_ledger"]["files"])
