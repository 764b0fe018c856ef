"""Columns under the names that files give them: CSV, JSON lines and Parquet, through the validator and both engines."""

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lambdas.file_validator.content.refusal import Rejection
from tests.spark.parcels import write_contracts
from tests.spark.test_cases import validated

pytestmark = pytest.mark.spark

COLUMNS = ("parcel_id", "op", "grams", "shipped_on", "updated_at")
SPELLINGS = {
    "own names": COLUMNS,
    "physical name and aliases": ("Parcel ID", "op", "Weight (g), net", "shipped_on", "updated_at"),
    "upper case": ("PARCEL_ID", "OP", "GRAMS", "SHIPPED_ON", "UPDATED_AT"),
    "spaces, dashes and dots": (" parcel id", "Op ", "grams", "Shipped-On", "updated.at"),
    "what cannot be seen": ("\ufeffparcel_id", "op\u00a0", "gra\u200bms", "shipped\u00a0on", "updated_at\u3000"),
    "an alias, spelt otherwise": ("paketnummer", "op", "WEIGHT (G), NET", "shipped_on", "updated_at"),
}
"""What files call the columns, by how."""
KINDS = ("plain.csv", "quoted.csv", "lines.jsonl", "escaped.jsonl", "columns.parquet")
TYPES = {"parcel_id": pa.string(), "op": pa.string(), "grams": pa.int32(), "shipped_on": pa.date32()}


def contract(folder, names):
    aliases = "        customProperties:\n          - property: cartlake.aliases\n            value: {}\n".format
    words = [
        (
            "      - name: parcel_id\n",
            "      - name: parcel_id\n        physicalName: Parcel ID\n" + aliases("Paketnummer"),
        ),
        ("      - name: grams\n", "      - name: grams\n" + aliases('["Weight (g), net", Gewicht]')),
        ("formats: [csv, jsonl]", f"formats: [csv, jsonl, parquet]\n      names: {names}"),
    ]
    write_contracts(folder, {}, *words)


@pytest.fixture
def declared(tmp_path, monkeypatch):
    """Say in the contract how exactly files have to write the names of columns."""
    monkeypatch.delenv("CARTLAKE_CONTRACTS_DIR", raising=False)
    for names in ("exact", "loose"):
        contract(tmp_path / names, names)

    def say(names):
        monkeypatch.setenv("CARTLAKE_CONTRACTS_DIR", str(tmp_path / names))

    say("loose")
    return say


def row(number):
    """The values of a parcel in the order of COLUMNS; weights are written so that a parser that rounds shows."""
    return (f"p{number}", 'a "Parcel ID": b', 7, "2026-01-31", "2026-02-01T00:00:00Z")


def csv_of(names, values, *, quoted):
    def field(value):
        text = str(value)
        return '"' + text.replace('"', '""') + '"' if quoted or set(',"') & set(text) else text

    return "\n".join(",".join(map(field, line)) for line in (names, values)).encode()


def files_of(names, number):
    """The same row in each format, by the name of the file."""
    values = row(number)
    written = {f"{number}-{kind}": values for kind in KINDS}
    keyed = {name: (f"{values[0]}-{name}", *values[1:]) for name, values in written.items()}
    contents = {}
    for name, one in keyed.items():
        if name.endswith("csv"):
            contents[name] = csv_of(names, one, quoted="quoted" in name)
        elif name.endswith("jsonl"):
            escaped = "escaped" in name
            contents[name] = json.dumps(dict(zip(names, one, strict=True)), ensure_ascii=escaped).encode()
        else:
            contents[name] = parquet_of(names, one)
    return contents


def parquet_of(names, values):
    texts = pa.table({column: [value] for column, value in zip(COLUMNS, values, strict=True)})
    for place, (column, kind) in enumerate(TYPES.items()):
        texts = texts.set_column(place, column, pa.array([values[place]]).cast(kind))
    moment = pa.array([values[4].removesuffix("Z")]).cast(pa.timestamp("us")).cast(pa.timestamp("us", "UTC"))
    texts = texts.set_column(4, "updated_at", moment)
    stream = io.BytesIO()
    pq.write_table(texts.rename_columns(list(names)), stream)
    return stream.getvalue()


def test_columns_are_found_under_any_name_that_the_contract_allows(parcel_lakes, declared):
    dropped = {}
    for number, names in enumerate(SPELLINGS.values()):
        dropped |= files_of(names, number)
    loaded = []
    for engine in ("light", "spark"):
        lake = parcel_lakes(engine)
        for name, content in dropped.items():
            verdict = validated("parcels", name, content)
            assert not isinstance(verdict, Rejection), (name, verdict)
            lake.drop(name, content, **verdict.format.model_dump())
        report, _ = lake.run()
        assert (report.rows.published, report.rows.quarantined) == (len(dropped), 0), lake.rows("ops.quarantine_rows")
        loaded.append({(row["parcel_id"], row["op"], row["grams"], row["shipped_on"].day) for row in lake.rows()})

    light, spark = loaded
    assert light == spark == {(f"p{n.split('-')[0]}-{n}", 'a "Parcel ID": b', 7, 31) for n in dropped}


def test_a_row_with_a_column_under_two_names_is_malformed(parcel_lakes, declared):
    lines = [
        {"Parcel ID": "a", "parcel_id": "b", "grams": 1, "shipped_on": "2026-01-31", "updated_at": "2026-02-01"},
        {"Parcel ID": "c", "Gewicht": 1.50, "shipped_on": "2026-01-31", "updated_at": "2026-02-01"},
        {"parcel_id": "d", "grams": 12, "shipped_on": "2026-01-31", "updated_at": "2026-02-01"},
    ]
    content = "\n".join(map(json.dumps, lines)).encode()
    for engine in ("light", "spark"):
        lake = parcel_lakes(engine)
        lake.drop("a.jsonl", content, **validated("parcels", "a.jsonl", content).format.model_dump())
        lake.run()

        refused = {row["raw_record"][:30]: row["reasons"] for row in lake.rows("ops.quarantine_rows")}
        assert sorted(refused.values()) == [["malformed_row"], ["uncastable:grams", "grams_required"]]
        assert [row["parcel_id"] for row in lake.rows()] == ["d"]
