import math

import pytest

from cartlake import contracts
from cartlake.aws.s3 import DocumentError
from cartlake.contracts import TableRule, Threshold
from cartlake.runs.documents import (
    FileCount,
    FileFormat,
    Manifest,
    ManifestFile,
    Measurement,
    RowCounts,
    TransformReport,
)
from lambdas.data_quality_check import handler
from lambdas.data_quality_check.domain import judge

RUN_ID = "transactions-20260131T083000-aaaaaa"
FOLDER = f"s3://artifacts/runs/{RUN_ID}"
NO_DUPLICATES = TableRule("no_duplicates", "error", "duplicateValues", Threshold("mustBe", (0,)))
FEW_NULLS = TableRule("few_nulls", "warning", "nullValues", Threshold("mustBeLessOrEqualTo", (60,)), unit="percent")


def report(*measurements, published=9, files=("f1",), run_id=RUN_ID):
    return TransformReport(
        run_id=run_id,
        dataset="transactions",
        table="processed.transactions",
        branch="audit",
        snapshot_id="1",
        base_snapshot_id=None,
        rows=RowCounts(read=10, published=published, quarantined=1, duplicate=0),
        files=[FileCount(file_id=file_id, rows_read=10) for file_id in files],
        measurements=[Measurement(rule=rule, value=value) for rule, value in measurements],
        started_at="",
        ended_at="",
    )


def manifest(*file_ids):
    entry = {"uri": "", "version_id": None, "etag": "", "size": 1, "sha256": "", "format": FileFormat(kind="csv")}
    files = [ManifestFile(file_id=file_id, **entry) for file_id in file_ids or ("f1",)]
    return Manifest(run_id=RUN_ID, dataset="transactions", contract_version="1.0.0", created_at="", files=files)


def failed(verdict):
    return [finding.rule for finding in verdict.failures]


class TestJudge:
    def test_good_measurements_pass(self):
        verdict = judge(report(("no_duplicates", 0.0), ("few_nulls", 10.0)), manifest(), [NO_DUPLICATES, FEW_NULLS])

        assert verdict.passed
        assert verdict.failures == verdict.warnings == []

    @pytest.mark.parametrize("value", [1.0, None, math.nan])
    def test_a_bad_or_empty_measurement_fails(self, value):
        verdict = judge(report(("no_duplicates", value)), manifest(), [NO_DUPLICATES])

        assert not verdict.passed
        assert failed(verdict) == ["no_duplicates"]
        assert verdict.failures[0].expected == "must be 0 rows"

    def test_a_rule_nobody_measured_fails(self):
        verdict = judge(report(), manifest(), [NO_DUPLICATES])

        assert not verdict.passed
        assert verdict.failures[0].measured is None

    def test_rules_say_nothing_where_deletes_left_no_row_to_measure(self):
        emptied = report(published=9).model_copy(update={"emptied": True})
        short = report(published=8).model_copy(update={"emptied": True})

        assert judge(emptied, manifest(), [NO_DUPLICATES]).passed
        assert failed(judge(short, manifest(), [NO_DUPLICATES])) == ["rows_reconcile"]

    def test_a_warning_is_told_and_does_not_fail(self):
        verdict = judge(report(("few_nulls", 61.0)), manifest(), [FEW_NULLS])

        assert verdict.passed
        assert [(finding.rule, finding.measured) for finding in verdict.warnings] == [("few_nulls", 61.0)]

    def test_rows_that_do_not_add_up_are_not_published(self):
        verdict = judge(report(published=8), manifest(), [])

        assert not verdict.passed
        assert failed(verdict) == ["rows_reconcile"]

    def test_a_claimed_file_that_was_not_read_is_not_published_around(self):
        assert failed(judge(report(), manifest("f1", "f2"), [])) == ["rows_reconcile"]


class TestHandler:
    @pytest.fixture
    def check(self, account, lambda_context):
        def call(etl):
            account.write(f"{FOLDER}/transform.json", etl if isinstance(etl, str) else etl.model_dump_json())
            account.write(f"{FOLDER}/manifest.json", manifest().model_dump_json())
            request = {"dataset": "transactions", "run_id": RUN_ID, "report_uri": f"{FOLDER}/transform.json"}
            return handler.lambda_handler(request, lambda_context)

        return call

    @pytest.fixture
    def good(self):
        """Measurements every rule of the contract is happy with."""
        rules = contracts.load("transactions").table.table_rules
        tried = [0.0, 1.0, 5.0, 100.0, 1e6, 1e12]
        return [(rule.name, next(value for value in tried if rule.judge(value))) for rule in rules]

    def test_a_good_batch_passes_and_its_verdict_is_kept(self, account, check, good):
        answer = check(report(*good))

        kept = account.read_json(f"{FOLDER}/quality.json")
        assert answer == {"passed": True, "failures": [], "warnings": [], "report_uri": f"{FOLDER}/quality.json"}
        assert (kept["passed"], kept["run_id"]) == (True, RUN_ID)
        assert kept["contract"].startswith("transactions ")

    def test_a_batch_that_lost_every_row_to_versions_of_last_week_passes_with_a_warning(self, check, good):
        answer = check(report(*(dict(good) | {"batch_is_fresh": 168.0}).items()))

        assert answer["passed"] is True
        assert [warning["rule"] for warning in answer["warnings"]] == ["batch_is_fresh"]

    def test_the_contract_is_asked_not_the_report(self, account, check):
        answer = check(report())

        rules = contracts.load("transactions").table.table_rules
        errors = [rule.name for rule in rules if rule.severity == "error"]
        assert errors
        assert answer["passed"] is False
        assert [failure["rule"] for failure in answer["failures"]] == errors
        assert account.read_json(f"{FOLDER}/quality.json")["passed"] is False

    def test_a_missing_report_is_an_error_not_a_verdict(self, account, lambda_context):
        request = {"dataset": "transactions", "run_id": RUN_ID, "report_uri": f"{FOLDER}/transform.json"}

        with pytest.raises(DocumentError, match=r"transform.json does not exist"):
            handler.lambda_handler(request, lambda_context)

    @pytest.mark.parametrize("text", ["", "{}", '{"passed": true}'])
    def test_an_unreadable_report_is_an_error(self, check, text):
        with pytest.raises(DocumentError, match="not a valid TransformReport"):
            check(text)

    def test_the_report_of_another_run_is_refused(self, check):
        with pytest.raises(DocumentError, match="not of"):
            check(report(run_id="transactions-20260131T083000-bbbbbb"))
