"""The results of a contract's rules in a run."""

from cartlake.contracts import Table
from cartlake.lineage.model import Check
from cartlake.runs.documents import TransformReport


def checks_of(table: Table, report: TransformReport) -> tuple[Check, ...]:
    """Return the result of each rule: of row rules the rows that broke them, of table rules what was measured.

    Table rules say nothing about a batch whose deletes left no row, as in the audit.
    """
    rows = [
        Check(one.rule, passed=one.broken == 0, severity=one.severity, measured=float(one.broken), expected="must be 0")
        for one in report.row_rules
    ]
    measured = {} if report.emptied else {one.rule: one.value for one in report.measurements}
    tables = [
        Check(rule.name, rule.judge(measured[rule.name]), rule.severity, measured[rule.name], rule.expected)
        for rule in table.table_rules
        if rule.name in measured
    ]
    return (*rows, *tables)
