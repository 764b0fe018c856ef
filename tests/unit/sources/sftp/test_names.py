"""Names of files in keys: safe, and read by the lake."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.file_validator.domain import Candidate, Misplaced, locate
from sources.sftp.names import key_name, object_key

SHA = "ab" * 32


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("orders.csv", "orders.csv"),
        ("2026/03/orders.csv", "orders.csv"),
        ("Bestellungen März 1%.csv.gz", "Bestellungen_März_1_.csv.gz"),
        ("Ma\u0308rz.csv", "März.csv"),
        ("注文.csv", "注文.csv"),
        ("caf\\xe9.csv", "caf_xe9.csv"),
        ("_orders.csv", "file_orders.csv"),
        ("a*[b]{c}?#&=+:;'\"\n.csv", "a__b__c___________.csv"),
        (":.csv", "file_.csv"),
        (".csv", "file.csv"),
        ("x" * 300 + ".csv", "x" * 196 + ".csv"),
    ],
)
def test_what_a_file_is_called_in_its_key(path, name):
    assert key_name(path) == name


@given(st.text(min_size=1, max_size=400), st.sampled_from([".csv", ".jsonl.gz", ".parquet"]))
def test_a_file_of_any_name_is_found_by_the_lake(name, extension):
    key = object_key("a" * 30, "transactions", SHA, name + extension)

    found = locate(key, 10, {"transactions"})

    assert isinstance(found, Candidate), found
    assert found.kind == extension[1:].removesuffix(".gz")
    assert len(key.encode()) <= 1_024


def test_a_name_without_an_extension_of_the_lake_is_rejected_by_the_gate():
    assert isinstance(locate(object_key("acme", "transactions", SHA, "orders.xls"), 10, {"transactions"}), Misplaced)
