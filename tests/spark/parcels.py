"""A small dataset whose rows and keys are deleted, loaded by either engine and published as the functions do it."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from cartlake import contracts
from cartlake.runs.documents import Manifest
from cartlake.runs.ids import DELETED_KEYS
from cartlake.tables.catalog import load_catalog
from lambdas.data_quality_check.domain import judge
from lambdas.table_publisher.adapters import IcebergTable
from lambdas.table_publisher.domain import check_deleted_keys, plan_publish
from tests.spark.shared_loading import SharedLake

PARCELS = Path(__file__).parents[1] / "e2e" / "parcels.odcs.yaml"
OP = """\
      - name: op
        logicalType: string
        physicalType: string
        description: What happened to the parcel; D when it was deleted.
      - name: grams
"""
ROWS_WANTED = """\
    quality:
      - name: touched_days_have_rows
        metric: rowCount
        mustBeGreaterThan: 0
        severity: error
      - name: weights_add_up
        type: sql
        query: select sum(grams) from ${table}
        mustBeGreaterThan: 0
        severity: error
    properties:
      - name: parcel_id
"""


def write_contracts(folder, words, *replacements):
    """Write the contracts of parcels, with words about its table, and of the tables of operations.

    `replacements` are texts of the contract of parcels, with those that take their place.
    """
    folder.mkdir()
    shutil.copy(contracts.load("ops").source, folder / "ops.odcs.yaml")
    text = PARCELS.read_text().replace("      - name: grams\n", OP)
    text = text.replace("    properties:\n      - name: parcel_id\n", ROWS_WANTED)
    listed = "".join(f"      - property: {name}\n        value: {value}\n" for name, value in words.items())
    text = text.replace("    customProperties:\n", "    customProperties:\n" + listed, 1)
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new, 1)
    (folder / "parcels.odcs.yaml").write_text(text)


@dataclass
class ParcelLake(SharedLake):
    """Parcels, audited and published as the functions do it."""

    dataset: str = "parcels"

    def run(self, run_id=None, *, publish=True, backfill=False, part=None):
        report, files = super().run(run_id, publish=False, backfill=backfill, part=part)
        manifest = Manifest(run_id="", dataset="parcels", contract_version="1.0.0", created_at="", files=files)
        verdict = judge(report, manifest, contracts.load("parcels").table.table_rules)
        assert verdict.passed, verdict
        if publish:
            self.publish(report)
        return report, files

    def publish(self, report):
        table = IcebergTable(load_catalog().load_table(self._identifier(self.table)))
        if report.snapshot_id is None:
            check_deleted_keys(table.state, report.branch)
            table.keep_deleted_keys(report.branch)
        else:
            assert plan_publish(table.state, report.branch, int(report.snapshot_id)) == "fast_forward"
            table.fast_forward(report.branch)

    @property
    def stored(self):
        """Key, version and day of the month of the rows that readers see."""
        return sorted((row["parcel_id"], row["updated_at"].day, row["shipped_on"].day) for row in self.rows())

    @property
    def deleted(self):
        """Key and version of the deletes that the table remembers."""
        return sorted((row["parcel_id"], row["updated_at"].day) for row in self.rows(branch=DELETED_KEYS))

    @property
    def refs(self):
        return set(load_catalog().load_table(self._identifier(self.table)).metadata.refs)


def parcel(key, version, day=1, **changes):
    times = {"shipped_on": f"2026-01-{day:02}", "updated_at": f"2026-02-{version:02}T00:00:00Z"}
    return {"parcel_id": key, "op": "U", "grams": "5", "recipient": "Ann"} | times | changes


def delete(key, version, **changes):
    """A delete has nothing but its key, its version and the word for it."""
    return {"parcel_id": key, "op": "D", "updated_at": f"2026-02-{version:02}T00:00:00Z"} | changes


def counts(report):
    return tuple(report.rows.model_dump().values())
