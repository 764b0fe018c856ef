"""Files after public reports of bugs, from the validator to the tables of both engines: what is right, and the same.

Each folder of `cases` is named after what its files are about; those that only concern keys, queries or the embedded
AWS are tested elsewhere.
"""

from collections import Counter
from pathlib import Path

import pytest

from cartlake import contracts
from cartlake.ledger import Content
from cartlake.runs.documents import FileFormat
from lambdas.file_validator.content.rules import rules_of
from lambdas.file_validator.domain import examine, locate

pytestmark = pytest.mark.spark

CASES = Path(__file__).parent / "cases"
FILES = {
    "products": ["01-*/*", "02-*/*", "03-*/*", "11-*/*", "33-*/*[!s].csv", "33-*/*floats.csv"],
    "fx_rates": ["33-*/rates.csv"],
    "vendors": ["15-*/firehose.jsonl", "16-*/extra*", "16-*/values.jsonl", "24-*/*"],
}


def test_print(shared_lake):
    import re

    for dataset in FILES:
        out = {}
        for engine in ("spark", "light"):
            lake = shared_lake(engine, dataset)
            files = sorted({p for pattern in FILES[dataset] for p in CASES.glob(pattern)})
            for p in files:
                header = p.read_text().splitlines()[0].split(",") if p.suffix == ".csv" else []
                kind = {".csv": "csv", ".jsonl": "jsonl", ".parquet": "parquet"}[p.suffix]
                lake.drop(p.name, p.read_bytes(), kind=kind, header=header)
            report, _ = lake.run()
            rows = lake.rows()
            q = lake.rows("glue_catalog.ops.quarantine_rows")
            out[engine] = (report.rows, rows, q)
            print(dataset, engine, report.rows)
        a, b = out.values()
        drop = {"_ingested_at", "_updated_at", "quarantined_at", "_run_id", "run_id"}
        f = lambda rows, p="": Counter(
            tuple(
                (k, re.sub("lake[0-9]+_", "", str(v)))
                for k, v in sorted(r.items())
                if k not in drop and not k.endswith("_at")
            )
            for r in rows
        )
        print("rows differ", f(a[1]) - f(b[1]), f(b[1]) - f(a[1]))
        print("quarantine differ", f(a[2]) - f(b[2]), f(b[2]) - f(a[2]))
        for r in sorted(b[1], key=lambda r: str(list(r.values())[:2])):
            print("  P", list(r.values())[:7], r.get("updated_at"), r["_source_file"].rsplit("/")[-1])
        for r in b[2]:
            if r["dataset"] == dataset:
                print(
                    "  Q", r["reasons"], repr(r["raw_record"])[:150], r["source_file"].rsplit("/")[-1], r["row_id"][:8]
                )
