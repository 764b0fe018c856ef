"""The checks of built documents find what is broken, and nothing else."""

import pytest

from cartlake import contracts
from cartlake.refresh.graph import Graph
from data_catalog.checks import faults_of
from data_catalog.dictionary import dictionary
from data_catalog.model import Catalog, ColumnEntry, Entry
from data_catalog.page import page


def entry_of(name):
    contract = contracts.load(name)
    columns = tuple(ColumnEntry(column, (), (), (), None) for column in contract.table.columns)
    return Entry(contract, contract.table, columns, (), (), ())


CATALOG = Catalog((entry_of("fx_rates"), entry_of("vendors")), (), Graph({}, ()))
PAGE, DICTIONARY = page(CATALOG), dictionary(CATALOG)


def faults(files):
    return [*faults_of(CATALOG, files)]


def test_sound_documents_have_no_faults():
    assert faults({"index.html": PAGE, "data-dictionary.md": DICTIONARY, "flow.svg": "not looked at"}) == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('data-route="/queries"', 'data-route="/elsewhere"', "the link #/queries leads nowhere"),
        ('href="#/model"', 'href="#/modell"', "the link #/modell leads nowhere"),
        (
            'id="/table/processed.fx_rates#rate"',
            'id="/table/processed.fx_rates#currency"',
            "the id /table/processed.fx_rates#currency is given 2 times",
        ),
        (
            'id="/table/processed.fx_rates#rate"',
            'id="elsewhere"',
            "the column processed.fx_rates.rate is missing",
        ),
        ('data-route="/table/processed.vendors"', 'data-route="/else"', "the table processed.vendors is missing"),
    ],
)
def test_what_is_broken_in_the_page_is_named(old, new, fault):
    assert PAGE.count(old) == 1

    assert f"index.html: {fault}" in faults({"index.html": PAGE.replace(old, new)})


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("## processed.vendors", "## vendors", "the table processed.vendors is missing"),
        ("## processed.vendors", "## vendors", "the link #processedvendors leads nowhere"),
        ("\n| `rate` |", "\n| `rates` |", "the column processed.fx_rates.rate is missing"),
    ],
)
def test_what_is_broken_in_the_dictionary_is_named(old, new, fault):
    assert DICTIONARY.count(old) == 1

    assert f"data-dictionary.md: {fault}" in faults({"data-dictionary.md": DICTIONARY.replace(old, new)})
