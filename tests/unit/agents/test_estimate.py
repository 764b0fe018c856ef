"""What a query costs at most, by the sizes of the tables it reads."""

import pytest

from cartlake_cli.agents import estimate as estimating
from cartlake_cli.agents.estimate import UnknownSizeError, estimate
from cartlake_cli.costs.prices import prices


@pytest.fixture
def sizes(monkeypatch):
    known = {}
    monkeypatch.setattr(estimating, "table_bytes", lambda database, table: known.get(f"{database}.{table}"))
    return known


def test_bytes_of_all_tables_are_added_up_and_priced_by_the_terabyte(sizes):
    sizes |= {"curated.a": 600_000_000_000, "processed.b": 400_000_000_000}

    found = estimate([("curated", "a"), ("processed", "b")])

    assert found.most_bytes == 1_000_000_000_000
    assert found.most_usd == pytest.approx(prices()["athena"]["scanned_tb"])


def test_the_least_that_athena_bills_is_ten_megabytes(sizes):
    sizes["curated.a"] = 0

    assert estimate([("curated", "a")]).most_usd == pytest.approx(prices()["athena"]["scanned_tb"] / 1e5, abs=1e-6)


def test_a_table_of_unknown_size_is_named(sizes):
    with pytest.raises(UnknownSizeError, match=r"curated\.gone"):
        estimate([("curated", "gone")])
