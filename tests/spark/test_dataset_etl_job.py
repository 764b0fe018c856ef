"""dataset_etl from end to end: real files, real Iceberg tables of the contracts, and what is in them afterwards."""

import gzip
import json
from collections import Counter

import pytest

from cartlake import contracts
from cartlake.aws.clients import client
from cartlake.errors import TerminalError
from cartlake.runs.ids import audit_branch
from glue_jobs.dataset_etl.main import main
from tests.spark import loading
from tests.spark.loading import header_of
from tests.spark.order_lines import AS_WRITTEN as GOOD

pytestmark = pytest.mark.spark

HEADER = header_of("transactions")
QUARANTINE = "glue_catalog.ops.quarantine_rows"


@pytest.fixture(params=["spark_lake", "light_lake"])
def lake(request):
    """A lake of each engine."""
    return request.getfixturevalue(request.param)


def orders(count, start=0, **changes):
    return [GOOD | {"order_id": f"ORD-{number:010X}"} | changes for number in range(start, start + count)]


def csv(rows, header=HEADER, delimiter=","):
    return loading.csv(rows, header, delimiter)


def counts(report):
    return tuple(report.rows.model_dump().values())


def test_a_first_load_is_on_its_branch_and_main_stays_empty(lake):
    report, [file] = lake.drop("a.csv", csv(orders(3))).run(publish=False)

    assert counts(report) == (3, 3, 0, 0)
    assert lake.rows() == []
    assert len(lake.rows(branch=report.branch)) == 3
    assert (report.branch, report.table) == (audit_branch(report.run_id), f"{lake.prefix}processed.transactions")
    assert report.touched_days == ["2026-02-27"]
    assert [(f.file_id, f.rows_read) for f in report.files] == [(file.file_id, 3)]


def test_published_rows_say_where_they_come_from(lake):
    report, [file] = lake.drop("a b%20+ä[1].csv", csv(orders(1))).run()

    [row] = lake.rows()
    assert (row["_source_file"], row["_run_id"]) == (file.uri, report.run_id)


def test_files_of_all_formats_load_together(lake, spark, tmp_path):
    header = HEADER[::-1]
    lines = "\n\n".join(json.dumps(row | {"quantity": 2, "unit_price": 19.99}) for row in orders(2, 30))
    text = spark.createDataFrame(
        [tuple(row.values()) for row in orders(2, 40)], ", ".join(f"{n} string" for n in HEADER)
    )
    types = {column.name: column.type for column in contracts.load("transactions").table.file_columns}
    typed = text.selectExpr(*(f"cast({name} as {types[name]}) as {name}" for name in HEADER))
    typed.coalesce(1).write.parquet(str(tmp_path / "made"))
    [parquet] = (tmp_path / "made").glob("*.parquet")
    lake.drop("a.csv", csv(orders(2)))
    lake.drop("b.csv", csv(orders(2, 10), header, ";"), header=header, delimiter=";")
    lake.drop("c.csv.gz", gzip.compress(csv(orders(2, 20))), compression="gzip")
    lake.drop("d.jsonl", lines.encode(), kind="jsonl", header=[])
    lake.drop("e.jsonl.gz", gzip.compress(json.dumps(GOOD).encode()), kind="jsonl", header=[], compression="gzip")
    lake.drop("f.parquet", parquet.read_bytes(), kind="parquet")

    report, _ = lake.run()

    assert counts(report) == (11, 11, 0, 0)
    assert [file.rows_read for file in report.files] == [2, 2, 2, 2, 1, 2]
    assert {(row["unit_price"], row["ordered_at"]) for row in lake.rows()} == {
        (row["unit_price"], row["ordered_at"]) for row in lake.rows()[:1]
    }


def test_every_version_says_which_run_made_it(lake):
    """Also one that a MERGE made, which takes no properties of its own."""
    appended, _ = lake.drop("a.csv", csv(orders(3))).run()
    merged, _ = lake.drop("b.csv", csv(orders(1, order_status="shipped", updated_at="2026-02-28T00:00:00Z"))).run()

    made = lake.snapshots()
    assert made[appended.snapshot_id] == appended.run_id
    assert made[merged.snapshot_id] == merged.run_id
    assert min(appended.size, merged.size) > 0


def test_refused_rows_stand_in_quarantine_with_reasons_and_the_rest_is_published(lake):
    content = csv([*orders(2), GOOD | {"currency": "XXX", "quantity": "two"}]) + b"only,three,fields\n"

    report, [file] = lake.drop("a.csv", content).run()

    assert counts(report) == (4, 2, 2, 0)
    bad = {row["raw_record"][:20]: row for row in lake.rows(QUARANTINE)}
    malformed, wrong = bad['{"_corrupt_record":"'], bad['{"order_id":"ORD-000']
    assert malformed["reasons"] == ["malformed_row"]
    assert json.loads(malformed["raw_record"]) == {"_corrupt_record": "only,three,fields"}
    assert {"uncastable:quantity", "currency_is_known"} <= set(wrong["reasons"])
    assert json.loads(wrong["raw_record"])["quantity"] == "two"
    assert {(row["file_id"], row["run_id"]) for row in bad.values()} == {(file.file_id, report.run_id)}
    broken = {rule.rule: rule.broken for rule in report.row_rules}
    assert (broken["currency_is_known"], broken["malformed_row"], broken["channel_is_known"]) == (1, 1, 0)


@pytest.mark.parametrize("line_bytes_at_most", [32 << 10, None])
def test_a_line_of_nothing_but_delimiters_is_one_bad_row(lake, line_bytes_at_most):
    content = csv(orders(2)) + b"," * 30_000 + b"\n"

    report, _ = lake.drop("a.csv", content, line_bytes_at_most=line_bytes_at_most).run()

    assert counts(report) == (3, 2, 1, 0)


def test_quotes_hold_delimiters_and_doubled_quotes(lake):
    row = GOOD | {"customer_email": '"a""b,c"@example.org'}
    quoted = csv([row | {"customer_email": '"""a"",b"'}, *orders(1)])

    report, _ = lake.drop("a.csv", quoted).run()

    assert counts(report) == (2, 2, 0, 0)
    assert {row["customer_email"] for row in lake.rows()} == {'"a",b', "ada@example.org"}


def test_lines_of_json_that_are_no_objects_are_refused_one_by_one(lake):
    lines = ["[]", "[{}, {}]", '"text"', "null", "{", json.dumps(GOOD)]

    report, _ = lake.drop("a.jsonl", "\n".join(lines).encode(), kind="jsonl", header=[]).run()

    assert counts(report) == (6, 1, 5, 0)


def test_newer_rows_update_older_and_equal_ones_are_known_duplicates(lake):
    lake.drop("a.csv", csv(orders(3))).run()
    late = [
        orders(1, 0, order_status="shipped", updated_at="2026-02-28T00:00:00Z"),
        orders(1, 1, order_status="placed", updated_at="2026-02-27T08:30:00Z"),
        orders(1, 2),
        orders(1, 3, ordered_at="2026-02-20T08:00:00Z"),
    ]

    report, _ = lake.drop("late.csv", csv([row for rows in late for row in rows])).run()

    assert counts(report) == (4, 2, 0, 2)
    assert lake.statuses() == {"paid": 3, "shipped": 1}
    assert report.touched_days == ["2026-02-20", "2026-02-27"]


def test_versions_within_a_batch_count_as_duplicates_wherever_they_are(lake):
    newer = orders(2, 0, order_status="shipped", updated_at="2026-02-28T00:00:00Z")

    report, _ = lake.drop("a.csv", csv(newer)).drop("b.csv", csv([*orders(3), *orders(1)])).run()

    assert counts(report) == (6, 3, 0, 3)
    assert lake.statuses() == {"paid": 1, "shipped": 2}


def test_a_batch_of_only_known_rows_publishes_nothing_and_adds_up(lake):
    lake.drop("a.csv", csv(orders(3))).run()

    report, _ = lake.drop("again.csv", csv(orders(3))).run()

    assert counts(report) == (3, 0, 0, 3)
    assert report.touched_days == []  # nothing changed, so nothing is stale
    assert len(lake.rows()) == 3


def test_a_batch_of_only_bad_rows_writes_no_snapshot(lake):
    report, _ = lake.drop("a.csv", csv(orders(2, currency="XXX"))).run()

    assert counts(report) == (2, 0, 2, 0)
    assert (report.snapshot_id, report.touched_days) == (None, [])
    assert {m.rule: m.value for m in report.measurements}["touched_days_have_rows"] == 0


def test_a_batch_of_only_bad_rows_leaves_a_table_as_it_is(lake):
    lake.load("a.csv", *orders(2))
    lake.drop("b.csv", csv([GOOD | {"quantity": "many"}]))

    report, _ = lake.run()

    assert (counts(report), report.touched_days) == ((1, 0, 1, 0), [])
    assert len(lake.rows()) == 2


@pytest.mark.parametrize("published", [pytest.param(False, id="before"), pytest.param(True, id="after publishing")])
def test_a_run_repeated_gives_the_same_counts_and_doubles_nothing(lake, published):
    content = csv([*orders(3), *orders(1, order_status="shipped"), *orders(2, 5, currency="XXX")])
    first, files = lake.drop("a.csv", content).run(publish=published)
    lake.files = files

    second, _ = lake.run(first.run_id)

    assert counts(second) == counts(first) == (6, 3, 2, 1)
    assert len(lake.rows()) == 3
    assert len(lake.rows(QUARANTINE)) == 2
    assert len({row["row_id"] for row in lake.rows(QUARANTINE)}) == 2
    results = Counter((r["run_id"], r["rule"]) for r in lake.rows("glue_catalog.ops.quality_results"))
    assert set(results.values()) == {1}


def test_a_failed_file_read_again_by_another_run_is_in_quarantine_once(lake):
    _, files = lake.drop("a.csv", csv(orders(2, currency="XXX"))).run()
    lake.files = files

    second, _ = lake.run()

    assert {row["run_id"] for row in lake.rows(QUARANTINE)} == {second.run_id}
    assert counts(second) == (2, 0, 2, 0)


def test_every_table_rule_is_measured_on_the_branch(lake):
    mixed = [GOOD, GOOD | {"line_number": "2", "currency": "USD"}]

    report, _ = lake.drop("a.csv", csv(mixed)).run(publish=False)

    measured = {m.rule: m.value for m in report.measurements}
    assert list(measured) == [rule.name for rule in contracts.load("transactions").table.table_rules]
    assert (measured["touched_days_have_rows"], measured["one_currency_per_order"]) == (2, 1)
    assert (measured["one_row_per_order_line"], measured["customer_email_mostly_present"]) == (0, 0)
    recorded = {r["rule"]: r["value"] for r in lake.rows("glue_catalog.ops.quality_results")}
    assert recorded.items() >= measured.items()


def test_a_file_replaced_after_it_was_claimed_fails_the_run_by_name(lake):
    lake.drop("a.csv", csv(orders(1)))
    client("s3").put_object(Bucket="raw", Key="incoming/transactions/a.csv", Body=b"other")

    with pytest.raises(TerminalError, match=r"incoming/transactions/a\.csv .* was replaced after"):
        lake.run()


def test_a_file_deleted_after_it_was_claimed_fails_the_run_by_name(lake):
    lake.drop("a.csv", csv(orders(1))).drop("b.csv", csv(orders(1)))
    client("s3").delete_object(Bucket="raw", Key="incoming/transactions/b.csv")

    with pytest.raises(TerminalError, match=r"incoming/transactions/b\.csv .* was deleted after"):
        lake.run()


def test_a_batch_claimed_under_an_older_contract_is_judged_by_the_one_of_the_job(lake):
    """Claimed before a deploy: without the newest column, which is optional, and without what newer claims note."""
    header = [name for name in HEADER if name != "customer_email"]
    lake.drop("a.csv", csv([*orders(2), *orders(1, 7, order_status="lost")], header), header=header)
    run_id = "transactions-20260301T120000-0000bb"
    newest = lake.manifest(run_id, lake.files, backfill=False)
    old = newest.model_copy(update={"contract_version": "0.9.0", "engine": None})

    report = lake.job(run_id, old, "load")
    lake.publish(report)

    assert counts(report) == (3, 2, 1, 0)
    assert [row["customer_email"] for row in lake.rows()] == [None, None]
    [refused] = [row for row in lake.rows(QUARANTINE) if row["run_id"] == run_id]
    assert refused["contract_version"] == contracts.load("transactions").version


def test_a_file_spark_would_pass_over_in_silence_fails_the_run(spark_lake):
    with pytest.raises(TerminalError, match=r"_hidden\.csv"):
        spark_lake.drop("_hidden.csv", csv(orders(1))).drop("a.csv", csv(orders(1))).run()


def test_another_runs_manifest_is_refused(spark_lake):
    spark_lake.drop("a.csv", csv(orders(1))).run("transactions-20260301T120000-aaaaaa")

    with pytest.raises(TerminalError, match="is of run transactions-20260301T120000-aaaaaa"):
        main(
            [
                "--run_id",
                "other",
                "--dataset",
                "transactions",
                "--manifest_uri",
                "s3://artifacts/manifest.json",
                "--report_uri",
                "s3://a/b",
            ]
        )
