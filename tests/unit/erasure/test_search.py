"""Who a customer id stands for, and what is found of a person in any object."""

import bz2
import gzip
import io
import lzma
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cartlake import contracts
from cartlake.erasure.person_columns import person_columns
from cartlake.erasure.tombstones import Tombstones, new_tombstones
from cartlake_cli.erasure.decoding import texts_of
from cartlake_cli.erasure.search import find_subject
from cartlake_cli.erasure.subject import Subject

TABLES = {table.physical_name: table for one in contracts.load_all() for table in one.tables}
COLUMNS = person_columns(contracts.load_all())
STORED = {
    "processed.customer_identities": [
        {"customer_id": "CUS-0000001", "golden_customer_id": "GLD-0000001"},
        {"customer_id": "CUS-0000002", "golden_customer_id": "GLD-0000001"},
        {"customer_id": "CUS-0000003", "golden_customer_id": "GLD-0000003"},
    ],
    "processed.customers": [
        {"customer_id": "CUS-0000001", "email": "ada@example.org", "phone": "+4930123456", "first_name": "Ada"},
        {"customer_id": "CUS-0000002", "email": "family@example.org", "phone": None, "first_name": "Ada"},
        {"customer_id": "CUS-0000003", "email": "family@example.org", "phone": "+4930999999", "first_name": "Bob"},
    ],
    "processed.transactions": [{"customer_id": "CUS-0000002", "customer_email": "work@example.org"}],
}


class Stored:
    """A stored table, as far as it is read."""

    def __init__(self, rows):
        self.rows = rows

    def current_snapshot(self):
        return self

    def scan(self, selected_fields):
        schema = pa.schema([(name, pa.string()) for name in selected_fields])
        rows = [{name: row.get(name) for name in selected_fields} for row in self.rows]
        self.found = pa.Table.from_pylist(rows, schema=schema)
        return self

    def to_arrow_batch_reader(self):
        return self.found.to_reader()


@pytest.mark.parametrize("known", ["CUS-0000001", "CUS-0000002", "GLD-0000001", " CUS-0000001 "])
def test_any_id_of_a_person_finds_all_of_them_and_contacts_that_nobody_else_has(known):
    found = find_subject(known, TABLES, COLUMNS, lambda name: Stored(STORED[name]) if name in STORED else None)
    assert found.ids == {"CUS-0000001", "CUS-0000002", "GLD-0000001"}
    assert found.contacts == {"ada@example.org", "+4930123456", "work@example.org"}


@pytest.mark.parametrize("known", ["CUS-0000001", "CON-151", "GLD-CON-151"])
def test_a_customer_who_is_a_contact_too_is_both(known):
    stored = {
        "processed.customer_identities": [
            {"customer_id": "CUS-0000001", "golden_customer_id": "GLD-CON-151"},
            {"customer_id": "CON-151", "golden_customer_id": "GLD-CON-151"},
            {"customer_id": "CON-1", "golden_customer_id": "GLD-CON-1"},
        ],
        "processed.customers": [{"customer_id": "CUS-0000001", "email": "ada@example.org"}],
        "processed.hubspot_contacts": [
            {"contact_id": "CON-151", "email": "work@example.org", "phone": "+44 20 7946 0000"},
            {"contact_id": "CON-1", "email": "bob@example.org"},
        ],
        "curated.dim_customer": [{"golden_customer_id": "GLD-CON-151", "phone": "+442079460000"}],
    }

    found = find_subject(known, TABLES, COLUMNS, lambda name: Stored(stored[name]) if name in stored else None)

    assert found.ids == {"CUS-0000001", "CON-151", "GLD-CON-151"}
    assert found.contacts == {"ada@example.org", "work@example.org", "+44 20 7946 0000", "+442079460000"}
    assert found.is_mentioned_in(b"of CON-151 and")
    assert not found.is_mentioned_in(b"of CON-1, CON-1510 and GLD-CON-1")


def test_a_lake_without_tables_knows_the_id_alone():
    assert find_subject("CUS-0000009", TABLES, COLUMNS, lambda _: None) == Subject(frozenset({"CUS-0000009"}))


TEXT = b"some text about CUS-0000001 and others\n"
SUBJECT = Subject(frozenset({"CUS-0000001"}))


def zipped(content):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/sharedStrings.xml", content)
    return out.getvalue()


def parquet(content):
    out = io.BytesIO()
    values = [{"notes": [{"text": content.decode()}]}, {"notes": None}]
    pq.write_table(pa.Table.from_pylist(values), out, compression="zstd")
    return out.getvalue()


PACKED = {
    "plain": bytes,
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zip": zipped,
    "parquet": parquet,
    "zstd": lambda content: pa.compress(content, "zstd", asbytes=True),
    "utf-16": lambda content: content.decode().encode("utf-16"),
    "gzip in gzip": lambda content: gzip.compress(gzip.compress(content)),
}


@pytest.mark.parametrize("kind", PACKED)
def test_a_person_is_found_in_any_kind_of_object(kind):
    def found(content):
        return any(SUBJECT.mention.search(text) for text in texts_of(io.BytesIO(PACKED[kind](content))))

    assert found(TEXT)
    assert found(b"x" * 5_000_000 + TEXT)
    assert not found(TEXT.replace(b"CUS-0000001", b"CUS-00000012"))


def test_damaged_objects_are_searched_as_they_are():
    for start in (b"\x1f\x8b", b"PAR1", b"Obj\x01", b"PK\x03\x04", b"BZh"):
        assert any(SUBJECT.mention.search(text) for text in texts_of(io.BytesIO(start + TEXT)))


def test_tombstones_recognise_ids_and_say_none():
    stones = new_tombstones().with_ids(["CUS-0000001", "CUS-0000002"], "one")
    assert (stones.has("CUS-0000001"), stones.has(" CUS-0000002 "), stones.has("CUS-0000003")) == (True, True, False)
    assert "CUS-" not in stones.model_dump_json()
    again = stones.with_ids(["CUS-0000001", "CUS-0000003"], "two")
    assert [stone.erasure for stone in again.stones] == ["one", "one", "two"]
    assert not Tombstones(key="00" * 32, stones=stones.stones).has("CUS-0000001")  # under another key


@given(
    text=st.binary(max_size=60),
    word=st.sampled_from(sorted(SUBJECT.ids | SUBJECT.contacts)),
    encoding=st.sampled_from(["utf-8", "utf-16-le", "utf-16-be"]),
    upper=st.booleans(),
    place=st.integers(0, 60),
)
def test_looking_for_words_first_finds_what_the_pattern_finds(text, word, encoding, upper, place):
    written = (word.upper() if upper else word).encode(encoding)
    for found in (text, text[:place] + written + text[place:]):
        assert SUBJECT.is_mentioned_in(found) == (SUBJECT.mention.search(found) is not None)
