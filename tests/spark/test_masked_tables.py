"""What masked tables keep of personal data, the same on Spark and on DuckDB."""

from datetime import date
from functools import partial

import pytest

from cartlake.contracts.custom_properties.building import ColumnMask
from glue_jobs.transforms.personal_data.masked_tables import masked_rows
from tests.spark.built import built_rows
from tests.spark.transforming import transformed

pytestmark = pytest.mark.spark

MASKS = {
    "name": "redact",
    "email": "domain",
    "born_on": "year",
    "postal_code": "prefix(2)",
    "phone": "hash",
}
COLUMNS = "id string, name string, email string, born_on date, postal_code string, phone string"
MASK = partial(masked_rows, masks=tuple(ColumnMask(column=column, mask=mask) for column, mask in MASKS.items()))
SHA_OF_ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def masked(frame, *rows):
    return built_rows(transformed(MASK, people=frame(rows, COLUMNS)), "id")


def test_each_mask_keeps_what_it_says_and_a_redacted_column_is_gone(frame):
    [row] = masked(frame, ("1", "Ada", "ada@example.org", date(1985, 12, 10), "10115", "abc"))

    assert row == {
        "id": "1",
        "email": "***@example.org",
        "born_on": date(1985, 1, 1),
        "postal_code": "10",
        "phone": SHA_OF_ABC,
    }


def test_null_stays_null(frame):
    [row] = masked(frame, ("1", None, None, None, None, None))

    assert row == {"id": "1", "email": None, "born_on": None, "postal_code": None, "phone": None}


@pytest.mark.parametrize(
    ("email", "kept"), [("no address", None), ("a@b@c", "***@b"), ("@x", "***@x"), ("a@", "***@"), ("", None)]
)
def test_nothing_before_or_beside_the_domain_is_kept(frame, email, kept):
    [row] = masked(frame, ("1", None, email, None, None, None))

    assert row["email"] == kept
