"""A lake whose contract names another reporting currency: its marts, and what a change of the currency rebuilds."""

import shutil
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cartlake import contracts
from cartlake.engine import using
from cartlake.refresh.graph import WHOLE, Graph
from tests.property.duck_lake import DuckLake
from tests.property.test_incremental import compare
from tests.property.worlds import DAYS, at, files, order, product_id

CONTRACTS = Path(__file__).parents[2] / "contracts"
MARTS = ("curated.fct_orders", "curated.sales_daily", "curated.sales_weekly", "curated.sales_monthly")
EXAMPLES = settings.default.max_examples // 10


@pytest.fixture(scope="module", autouse=True)
def on_duckdb():
    with using("duckdb"):
        yield


@pytest.fixture(scope="module")
def in_dollars(tmp_path_factory):
    """The folder of the contracts of a lake that reports in dollars."""
    folder = shutil.copytree(CONTRACTS, tmp_path_factory.mktemp("dollars") / "contracts")
    path = folder / "order_lines.odcs.yaml"
    text = path.read_text()
    assert text.count("          currency: EUR\n") == 1
    path.write_text(text.replace("          currency: EUR\n", "          currency: USD\n"))
    return folder


@pytest.fixture
def dollars(in_dollars, monkeypatch):
    """From here on, contracts are those of a lake that reports in dollars."""
    return lambda: monkeypatch.setenv("CARTLAKE_CONTRACTS_DIR", str(in_dollars))


def transaction(number):
    """Two of a product for 33.33 each, in euros, dollars or kronor by the number."""
    usual = {
        "line_number": "1",
        "customer_id": "CUS-0000001",
        "customer_email": None,
        "product_id": product_id(1),
        "order_status": "paid",
        "channel": "web",
        "payment_method": "card",
        "country_code": "DE",
        "quantity": "2",
        "unit_price": "33.33",
        "discount_amount": "0.00",
        "tax_amount": "0.07",
        "line_total": "66.73",
    }
    return {**order(number), **usual, "updated_at": at(DAYS[-1], 0)}


def rate(currency, value):
    return {"rate_date": str(DAYS[0]), "currency": currency, "rate": value, "updated_at": at(DAYS[-1], 0)}


PRODUCT = {
    "product_id": product_id(1),
    "product_name": "Boot",
    "category": "shoes",
    "brand": "Northway",
    "vendor_id": "VEN-0001",
    "list_price": "89.90",
    "unit_cost": "3.33",
    "stock_quantity": "3",
    "is_active": "true",
    "launched_on": "2025-01-01",
    "updated_at": at(DAYS[0], 0),
}
FILES = [
    ("transactions", [transaction(number) for number in range(3)]),
    ("fx_rates", [rate("USD", "1.0856"), rate("SEK", "11.3333")]),
    ("products", [PRODUCT]),
]


def load(lake):
    lake.clear()
    for dataset, rows in FILES:
        lake.load(dataset, rows)
    lake.refresh()


def amounts(lake, table, *names):
    listed = ", ".join(f"sum({name})" for name in names)
    return lake.connection.execute(f"select {listed} from {table.replace('.', '__')}").fetchone()


def cents(amount):
    return amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def test_a_lake_declared_in_dollars_has_its_marts_in_dollars(dollars):
    dollars()
    lake = DuckLake(MARTS)
    load(lake)

    dollar, krona = Decimal("1.0856"), Decimal("11.3333")
    net = Decimal("66.66") + cents(Decimal("66.66") * dollar) + cents(Decimal("66.66") / krona * dollar)
    cost = 3 * cents(Decimal("6.66") * dollar)
    assert lake.graph.currency == "USD"
    assert amounts(lake, "curated.fct_orders", "net_reporting", "cost_reporting") == (net, cost)
    for table in MARTS[1:]:
        assert amounts(lake, table, "net_reporting", "margin_reporting") == (net, net - cost)


def test_a_changed_currency_rebuilds_every_amount_and_what_is_made_of_it(dollars):
    changed = DuckLake(MARTS)
    load(changed)
    euros = {name: changed.rows(name) for name in MARTS}
    dollars()
    changed.graph = Graph.of(contracts.load_all())
    changed.changes = {"processed.order_lines": WHOLE}  # as `lake tables apply` and `lake recompute` mark it

    rebuilt = [one.table for one in changed.refresh()]

    after = {name: changed.rows(name) for name in changed.order}
    assert set(rebuilt) == {"processed.order_lines", *MARTS}
    assert all(after[name] != euros[name] for name in MARTS)
    load(DuckLake(MARTS))
    assert after == {name: changed.rows(name) for name in changed.order}


@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_in_dollars_incremental_equals_from_scratch_in_any_order_of_files(lake_in_dollars, data):
    datasets = ("transactions", "fx_rates", "products")
    dropped = data.draw(st.lists(st.tuples(files(*datasets), st.booleans()), min_size=1, max_size=6))
    again = data.draw(st.permutations([file for file, _ in dropped]))

    compare(lake_in_dollars, dropped, again)


@pytest.fixture(scope="module")
def lake_in_dollars(in_dollars):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CARTLAKE_CONTRACTS_DIR", str(in_dollars))
        return DuckLake(MARTS[:2])
