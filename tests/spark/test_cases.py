"""Files after public reports of bugs, from the validator to the tables of both engines: what is right, and the same.

Each folder of `cases` is named after what its files are about.
"""

from collections import Counter
from pathlib import Path

import pytest

from cartlake import contracts
from cartlake.aws.clients import client
from cartlake.ledger import Content, ObjectVersion
from lambdas.file_validator.adapters import LandedFile
from lambdas.file_validator.content.rules import rules_of
from lambdas.file_validator.domain import Misplaced, examine, locate

pytestmark = pytest.mark.spark

CASES = Path(__file__).parent / "cases"
OF_RUNS = {"_ingested_at", "_updated_at", "quarantined_at"}
EXPORTS = {
    "01-newline-in-last-quoted-column/shopify_products.csv": "90001 90002",
    "02-newline-in-middle-column/woo_products.csv": "90011 90012 90013",
    "03-lone-carriage-return/mac_paste.csv": "90021 90022 90023",
    "11-timestamps-of-exports/stamps.csv": "90130 90131 90132 90143 90144",
    "33-decimals-with-many-digits/floats.csv": "",
    "33-decimals-with-many-digits/huge_exponent.csv": "",
    "33-decimals-with-many-digits/overflow_exponent.csv": "",
    "33-decimals-with-many-digits/sane_floats.csv": "",
    "33-decimals-with-many-digits/tiny_exponent.csv": "",
}
EVERY_OTHER_MINUTE = " ".join(f"{number}" for _ in range(60) for number in (9034, 9035))
LOADED = {
    "products": (EXPORTS, {"malformed_row": 1, "uncastable:list_price": 31, "uncastable:updated_at": 18}),
    "fx_rates": ({"33-decimals-with-many-digits/rates.csv": "2026-01-08"}, {"uncastable:rate": 3}),
    "vendors": (
        {
            "15-concatenated-json/firehose.jsonl": "9001 9002 9003 9004 9005 9006",
            "15-concatenated-json/firehose_one_line.json": "9009",
            "16-json-values/extra_key_on_line_121.jsonl": EVERY_OTHER_MINUTE,
            "16-json-values/values.jsonl": "9010 9013 9015 9017 9018 9022 9023 9024 9025",
            "24-one-bad-parquet-among-good/good_a.csv": "9401",
            "24-one-bad-parquet-among-good/good_b.csv": "9403",
            "24-one-bad-parquet-among-good/good_c.parquet": "9404",
            "24-one-bad-parquet-among-good/good_d.csv": "9405",
        },
        {"malformed_row": 12, "uncastable:lead_time_days": 1, "uncastable:updated_at": 2},
    ),
}
"""By dataset: the numbers of the keys that each file publishes, and how many rows are refused for which faults."""
NAMES = {
    ("PRD-90001", "Trail Shoe Aurora\nwomen, red"),
    ("PRD-90021", "Trail Shoe\rAurora"),
    ("PRD-90022", "Road\rShoe"),
}
"""Names that readers of lines cut at their line break."""


@pytest.mark.parametrize("dataset", LOADED)
def test_rows_reasons_and_ids_of_rows_are_right_and_the_same_on_both_engines(shared_lake, dataset):
    published, refused = LOADED[dataset]
    lakes = [shared_lake(engine, dataset) for engine in ("spark", "light")]

    for lake in lakes:
        for name in published:
            content = (CASES / name).read_bytes()
            lake.drop(name, content, **validated(dataset, name, content).format.model_dump())
        lake.run()

    on_spark, on_light = ((comparable(lake.rows()), comparable(lake.rows("ops.quarantine_rows"))) for lake in lakes)
    assert on_spark == on_light
    rows, quarantined = lakes[1].rows(), lakes[1].rows("ops.quarantine_rows")
    assert keys(dataset, rows) == {name: Counter(numbers.split()) for name, numbers in published.items() if numbers}
    assert faults(quarantined) == refused
    if dataset == "products":
        assert {(row["product_id"], row["product_name"]) for row in rows} >= NAMES


def validated(dataset, name, content):
    """The verdict of the validator on a file of a case."""
    found = locate(f"incoming/{dataset}/{name}", len(content), {dataset})
    if isinstance(found, Misplaced):
        return found.rejection
    put = client("s3").put_object(Bucket="raw", Key=f"landed/{name}", Body=content)
    version = ObjectVersion(
        bucket="raw", key=f"landed/{name}", version_id=None, etag=put["ETag"].strip('"'), size=len(content)
    )
    return examine(found, rules_of(contracts.load(dataset)), LandedFile(version))


def comparable(rows):
    return Counter(tuple((k, str(v)) for k, v in sorted(row.items()) if k not in OF_RUNS) for row in rows)


def keys(dataset, rows):
    """The numbers of the keys of published rows, by file."""
    [key, *_] = contracts.load(dataset).table.primary_key
    found = {}
    for row in rows:
        name = row["_source_file"].split(f"/{dataset}/")[1]
        found.setdefault(name, Counter())[str(row[key]).removeprefix("VEN-").removeprefix("PRD-")] += 1
    return found


def faults(quarantined):
    """How many rows are in quarantine for which fault; rows that can be read and only break rules are left out."""
    reasons = [reason for row in quarantined for reason in row["reasons"]]
    return Counter(reason for reason in reasons if reason == "malformed_row" or reason.startswith("uncastable:"))


@pytest.mark.parametrize(
    ("dataset", "name", "reason"),
    [
        ("products", "08-header-spaces-and-case/spaces.csv", "renamed_columns"),
        ("products", "08-header-spaces-and-case/upper.csv", "renamed_columns"),
        ("products", "08-header-spaces-and-case/nbsp.csv", "renamed_columns"),
        ("products", "08-header-spaces-and-case/case_twice.csv", "missing_columns"),
        ("vendors", "16-json-values/case_twin_key.jsonl", "extra_columns"),
        ("vendors", "22-brotli-parquet/brotli.parquet", "unsupported_format"),
        ("vendors", "21-double-slash-key//double.csv", "unrecognised_key"),
        ("vendors", "21-double-slash-key/./dot.csv", "unrecognised_key"),
        ("vendors", "21-double-slash-key/x/../dotdot.csv", "unrecognised_key"),
    ],
)
def test_what_no_engine_is_to_read_is_refused_before_a_run(shared_lake, dataset, name, reason):
    shared_lake("light")
    [path] = CASES.glob(f"{name[:3]}*/{name.rpartition('/')[2]}")

    verdict = validated(dataset, name, path.read_bytes())

    assert not isinstance(verdict, Content)
    assert str(verdict.reason) == reason
