"""Sources are made of the settings of a lake; each has a contract, and Terraform knows it."""

import re
from pathlib import Path

import pytest

from cartlake import contracts
from sources.errors import CredentialsError
from sources.registry import SOURCES, SourceSettings, make

VARIABLES = Path(__file__).parents[3] / "terraform" / "modules" / "sources" / "variables.tf"


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_has_a_contract_that_has_its_modification_time(name):
    source = make(name, {name: SourceSettings(url="https://example.org", secret="cartlake-test/key", table="ORDERS")})

    table = contracts.load(name).table
    assert source.info.name == name
    assert source.info.modified_column in {
        one for column in table.file_columns for one in (column.name, *column.aliases)
    }


def test_terraform_accepts_these_sources_and_no_other():
    [listed] = re.findall(r"contains\(\[(.*?)\], name\)", VARIABLES.read_text())

    assert sorted(SOURCES) == re.findall(r'"(\w+)"', listed)


def test_a_source_that_needs_a_secret_says_where_to_name_it():
    with pytest.raises(CredentialsError, match=r"sources\.hubspot_contacts\.secret of the module lake"):
        make("hubspot_contacts", {"hubspot_contacts": SourceSettings()})
