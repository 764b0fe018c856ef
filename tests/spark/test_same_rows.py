"""The same rows as CSV, JSON lines and Parquet on both engines: the same values, identifiers and reasons."""

import pytest

from cartlake import contracts
from lambdas.file_validator.content.line_records import LineRecords
from tests.spark.both_readers import agreed
from tests.spark.same_rows import as_csv, as_json_lines, as_parquet, rows_of

pytestmark = pytest.mark.spark


@pytest.mark.parametrize(("name", "seed"), [("products", 1), ("fx_rates", 2)])
def test_both_engines_judge_the_same_rows_alike_in_every_format(read, name, seed):
    contract, rows = contracts.load(name), rows_of(contracts.load(name), seed, 400)
    header, csv = list(rows[0]), as_csv(rows)
    lines = LineRecords(",", '"')
    lines.feed(csv)
    files = [
        read.dropped(contract, "same.csv", csv, header=header, line_is_record=lines.finish()),
        read.dropped(contract, "same.jsonl", as_json_lines(rows), kind="jsonl", header=[]),
        read.dropped(contract, "same.parquet", as_parquet(rows), kind="parquet", header=header),
    ]

    judged, refused = agreed(read.judged(contract, files)), agreed(read.refused(contract, files))

    assert len(judged) == 3 * len(rows)
    assert len(rows) // 3 < len(refused) <= 3 * len(rows)
    assert any("uncastable:" in row for row in refused)
