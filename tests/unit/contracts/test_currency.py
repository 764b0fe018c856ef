"""The reporting currency: where a contract names it, who is given it, and what a change of it is."""

from dataclasses import replace

import pytest

from cartlake import contracts
from cartlake.contracts import ContractError
from cartlake.errors import TerminalError
from cartlake.refresh.graph import Graph, GraphError
from cartlake_cli.commands.contracts import check
from cartlake_cli.contracts.changes import compare, version_faults
from glue_jobs.table_refresh.building import transform_of

TO_EUROS = {"transform": "orders.order_lines", "replaces": "days", "upstreams": [{"table": "processed.sales"}]}


@pytest.fixture
def order_lines():
    return contracts.load("order_lines")


def in_currency(contract, currency, **changes):
    """The contract, with its table built in this currency, or in none."""
    build = contract.table.build.model_copy(update={"currency": currency})
    return replace(contract, tables=(replace(contract.table, build=build),), **changes)


def built(document, **changes):
    custom = document["schema"][0]["customProperties"]
    custom.append({"property": "cartlake.build", "value": TO_EUROS | changes})
    return document


def test_the_currency_is_on_record_in_the_table(document, read):
    table = read(built(document, currency="CHF")).table

    assert (table.build.currency, table.table_properties["cartlake.currency"]) == ("CHF", "CHF")


def test_a_table_without_a_currency_records_none(document, read):
    table = read(built(document)).table

    assert table.build.currency is None
    assert "cartlake.currency" not in table.table_properties


@pytest.mark.parametrize("currency", ["euro", "eur", "EU", "EURO", "€", "EUR ", ""])
def test_a_currency_is_three_capital_letters(document, read, currency):
    with pytest.raises(ContractError, match=r"cartlake\.build\.currency = .* three capital letters of ISO 4217"):
        read(built(document, currency=currency))


def test_a_table_of_the_forecast_has_no_currency(document, read):
    with pytest.raises(ContractError, match=r"cartlake\.build\.currency = 'EUR': leave it out"):
        read(built(document, currency="EUR", workflow="forecast", replaces="all", upstreams=[]))


def test_a_transform_that_converts_is_given_the_currency(order_lines):
    assert transform_of(in_currency(order_lines, "USD").table).keywords["currency"] == "USD"


WRONG = [
    pytest.param("order_lines", None, r"orders\.order_lines converts amounts.*write `currency: EUR`", id="none"),
    pytest.param("sales_daily", "EUR", r"sales\.sales_daily takes no currency: leave it out", id="one too many"),
]


@pytest.mark.parametrize(("name", "currency", "words"), WRONG)
def test_no_table_is_built_where_contract_and_transform_do_not_agree(name, currency, words):
    with pytest.raises(TerminalError, match=words):
        transform_of(in_currency(contracts.load(name), currency).table)


@pytest.mark.parametrize(("name", "currency", "words"), WRONG)
def test_the_check_of_contracts_says_so_before(monkeypatch, name, currency, words):
    wrong = in_currency(contracts.load(name), currency)
    monkeypatch.setattr(check.contracts, "load", lambda _: wrong)

    with pytest.raises(TerminalError, match=words):
        raise TerminalError(check.summary(name)["problem"])


def test_a_transform_that_is_not_there_is_not_judged(monkeypatch, order_lines):
    build = order_lines.table.build.model_copy(update={"transform": "mine.order_lines"})
    mine = replace(order_lines, tables=(replace(order_lines.table, build=build),))
    monkeypatch.setattr(check.contracts, "load", lambda _: mine)

    assert check.summary("order_lines")["problem"] is None


def test_a_lake_has_the_one_currency_that_its_contracts_name(order_lines):
    others = [one for one in contracts.load_all() if one.name != "order_lines"]

    assert Graph.of([*others, order_lines]).currency == "EUR"
    assert Graph.of([*others, in_currency(order_lines, "USD")]).currency == "USD"
    with pytest.raises(GraphError, match="No contract names the reporting currency"):
        _ = Graph.of([*others, in_currency(order_lines, None)]).currency
    two = [one for one in others if one.name != "sales_daily"]
    with pytest.raises(GraphError, match=r"curated\.sales_daily: USD, processed\.order_lines: EUR"):
        Graph.of([*two, order_lines, in_currency(contracts.load("sales_daily"), "USD")])


def test_another_currency_breaks_those_who_read_the_amounts(order_lines):
    dollars = in_currency(order_lines, "USD")
    [change] = compare([order_lines], [dollars])

    assert (change.place, change.change) == ("order_lines", "reporting currency USD instead of EUR")
    assert change.breaks == "readers"
    assert [fault.needed for fault in version_faults([order_lines], [dollars], [change])] == ["major"]
    assert version_faults([order_lines], [replace(dollars, version="2.0.0")], [change]) == []


def test_a_currency_that_is_named_for_the_first_time_breaks_nobody(order_lines):
    [change] = compare([in_currency(order_lines, None)], [order_lines])

    assert (change.change, change.breaks) == ("reporting currency EUR instead of none", None)
