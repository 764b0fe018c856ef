"""The custom property `cartlake.eventTimeFixed`: what it means, and faults named with their repair."""

import pytest

from cartlake import contracts
from cartlake.contracts import ContractError

EVENT_TIME = {"property": "cartlake.eventTime", "value": "changed_at"}


@pytest.fixture
def table(document, read):
    def compiled(*properties, **changed):
        said = document["schema"][0].setdefault("customProperties", [])
        said[:] = [one for one in said if one["property"] not in {new["property"] for new in properties}]
        said += properties
        document["schema"][0].update(changed)
        return read(document).table

    return compiled


def fixed(value=True):  # noqa: FBT002 - the value of a property
    return {"property": "cartlake.eventTimeFixed", "value": value}


@pytest.mark.parametrize("value", [True, False])
def test_a_contract_says_whether_event_times_change(table, value):
    made = table(EVENT_TIME, fixed(value))

    assert (made.event_time_fixed, made.keys_keep_their_day) == (value, value)


def test_without_a_word_they_may_change(table):
    made = table(EVENT_TIME)

    assert (made.event_time_fixed, made.keys_keep_their_day) == (False, False)


def test_a_key_that_has_the_event_time_keeps_its_day_without_a_word():
    found = {name: contracts.load(name).table for name in ("products", "fx_rates", "transactions", "clickstream")}

    assert {name: (one.event_time_fixed, one.keys_keep_their_day) for name, one in found.items()} == {
        "products": (False, True),
        "fx_rates": (False, True),
        "transactions": (False, False),
        "clickstream": (True, True),
    }


BUILD = {"property": "cartlake.build", "value": {}}


@pytest.mark.parametrize(
    ("properties", "advice"),
    [
        pytest.param([EVENT_TIME, fixed("yes")], "write true or false", id="no boolean"),
        pytest.param([fixed(), {**EVENT_TIME, "value": None}], "name the column in cartlake.eventTime", id="of what"),
        pytest.param([EVENT_TIME, fixed(), BUILD], "is replaced, not merged by key", id="a built table"),
    ],
)
def test_what_is_wrong_is_named_with_the_repair(table, properties, advice):
    with pytest.raises(ContractError, match=rf"(?s)items\.cartlake\.eventTimeFixed.*{advice}"):
        table(*properties)
