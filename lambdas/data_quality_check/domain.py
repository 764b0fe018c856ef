"""Judge whether a batch may be published: by the contract's rules on what was measured, and by its row counts."""

from collections.abc import Sequence
from typing import Final

from pydantic import BaseModel

from cartlake.contracts import TableRule
from cartlake.runs.documents import Manifest, TransformReport
from cartlake.runs.reconciliation import ReconciliationError, reconcile

RECONCILIATION: Final = "rows_reconcile"


class Finding(BaseModel):
    """One rule that does not hold. `measured` is null when there is no measurement, which counts as broken."""

    rule: str
    measured: float | None
    expected: str


class Verdict(BaseModel):
    """Whether a batch may be published, and the rules of severity `error` and `warning` that it breaks."""

    passed: bool
    failures: list[Finding]
    warnings: list[Finding]


def judge(report: TransformReport, manifest: Manifest, rules: Sequence[TableRule]) -> Verdict:
    """Judge a batch on its audit branch. Only rules of severity `error` and the sum of its rows can fail it.

    Table rules say nothing about a batch whose deletes left no row to measure.
    """
    rules = [] if report.emptied else rules
    measured = {measurement.rule: measurement.value for measurement in report.measurements}
    broken = [(rule, measured.get(rule.name)) for rule in rules if not rule.judge(measured.get(rule.name))]
    failures = [_finding(rule, value) for rule, value in broken if rule.severity == "error"]
    failures += _reconciliation(report, manifest)
    warnings = [_finding(rule, value) for rule, value in broken if rule.severity == "warning"]
    return Verdict(passed=not failures, failures=failures, warnings=warnings)


def _finding(rule: TableRule, value: float | None) -> Finding:
    return Finding(rule=rule.name, measured=value, expected=rule.expected)


def _reconciliation(report: TransformReport, manifest: Manifest) -> list[Finding]:
    try:
        reconcile(report, {file.file_id for file in manifest.files})
    except ReconciliationError as error:
        return [Finding(rule=RECONCILIATION, measured=report.rows.accounted_for, expected=str(error))]
    return []
