"""What `lake quarantine list` and `show` find, by the SQL that Athena runs."""

import pytest

from cartlake.ledger import FileState, ObjectVersion
from cartlake_cli.errors import NotFoundError
from cartlake_cli.operations import quarantine as listing

RUN = "transactions-20260131T083000-aaaaaa"
OTHER_RUN = "vendors-20260131T083000-bbbbbb"
BACKFILL = "transactions-20260301T083000-cccccc"


@pytest.fixture
def rows(quarantine):
    quarantine.add("r1", reason="price_required")
    quarantine.add("r2", "currency_is_valid", reason="price_required")
    quarantine.add("r3", dataset="vendors", file_id="v", run_id=OTHER_RUN, reason="email_matches_pattern")
    quarantine.add("r4", reason="price_required", superseded_by=BACKFILL)
    quarantine.run("update ops.quarantine_rows set replay_id = 'replay-1' where row_id = 'r1'")


def test_rows_are_counted_under_each_rule_they_broke(lake, rows):
    counted = {(row["dataset"], row["reason"]): row for row in listing.rows_by_reason(lake)}

    assert {key: (row["quarantined_rows"], row["replayed"]) for key, row in counted.items()} == {
        ("transactions", "price_required"): (2, 1),
        ("transactions", "currency_is_valid"): (1, 0),
        ("vendors", "email_matches_pattern"): (1, 0),
    }
    assert next(iter(counted)) == ("transactions", "price_required")


def test_rows_of_one_dataset_are_counted_alone(lake, rows):
    assert [row["reason"] for row in listing.rows_by_reason(lake, "vendors")] == ["email_matches_pattern"]


@pytest.mark.parametrize("of", [RUN, "f"], ids=["a run", "a file"])
def test_the_rows_of_a_run_or_file_have_every_reason(lake, rows, of):
    found = listing.quarantined_rows(lake, of, limit=10)

    assert [(row["row_id"], row["reasons"]) for row in found] == [
        ("r1", "price_required"),
        ("r2", "price_required, currency_is_valid"),
    ]
    assert found[0]["replay_id"] == "replay-1"


def test_rows_are_chosen_by_rule_and_limited(lake, rows):
    chosen = listing.quarantined_rows(lake, RUN, "currency_is_valid", limit=10)

    assert [row["row_id"] for row in chosen] == ["r2"]
    assert [row["row_id"] for row in listing.quarantined_rows(lake, RUN, limit=1)] == ["r1"]


def test_superseded_rows_are_shown_when_asked_for(lake, rows):
    found = listing.quarantined_rows(lake, RUN, superseded=True, limit=10)

    assert [(row["row_id"], row["superseded_by"]) for row in found] == [("r1", None), ("r2", None), ("r4", BACKFILL)]


def landed(lake, dataset, key):
    version = ObjectVersion(bucket="raw", key=key, version_id=key, etag="e", size=1)
    return lake.ledger.files.receive(dataset, version)


def test_rejected_and_failed_files_are_listed(lake, load_failed):
    rejected = landed(lake, "vendors", "incoming/vendors/bad.csv")
    lake.ledger.files.rejected(rejected.file_id, "wrong_header", "three columns are missing")
    landed(lake, "vendors", "incoming/vendors/waiting.csv")
    failed = load_failed("transactions", RUN)

    assert [(file.file_id, file.state) for file in listing.unloaded_files(lake)] == [
        (rejected.file_id, FileState.REJECTED),
        (failed.file_id, FileState.FAILED),
    ]
    assert [file.file_id for file in listing.unloaded_files(lake, "vendors")] == [rejected.file_id]


def test_an_id_is_that_of_a_file_or_of_a_run(lake, load_failed):
    file = load_failed("transactions", RUN)

    assert listing.find_file(lake, file.file_id).key == file.key
    assert listing.find_file(lake, RUN) is None
    with pytest.raises(NotFoundError, match=r"There is no run and no file 'x'\. `lake quarantine list`"):
        listing.find_file(lake, "x")
