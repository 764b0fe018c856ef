"""Concurrent queries, and queries that need more memory than the setting allows."""

import concurrent.futures

import pytest

from localaws.athena.clients import Clients, Endpoint
from localaws.athena.engine import Engine
from localaws.athena.errors import AthenaError
from localaws.athena.statements import Statement

pytestmark = pytest.mark.integration

MILLION = (
    "(SELECT a * 1000 + b AS n FROM UNNEST(sequence(0, 999)) AS x (a) CROSS JOIN UNNEST(sequence(0, 999)) AS y (b))"
)
SORTED = f"""
    SELECT sum(place * (n % 7)) FROM (
        SELECT n, row_number() OVER (ORDER BY md5(to_utf8(cast(n AS varchar)))) AS place FROM {MILLION}
    )
"""
"""Holds a million hashes at once to sort them."""
ONE_ARRAY = f"(SELECT array_agg(rpad(cast(n AS varchar), 200, 'x')) AS texts FROM {MILLION})"


@pytest.fixture
def engine_with(localaws, monkeypatch, tmp_path):
    """An engine in this process, with little memory."""

    def make(memory):
        monkeypatch.setenv("LOCALAWS_ATHENA_MEMORY", memory)
        for name, value in localaws.env.items():
            monkeypatch.setenv(name, value)
        return Engine(Clients(Endpoint(localaws.endpoint, localaws.env["AWS_REGION"])))

    return make


def test_twenty_concurrent_queries_return_their_own_results(orders):
    def asked(number):
        return orders.rows(f"SELECT sum(amount * {number}), count(*) FROM orders CROSS JOIN {MILLION} AS m (n)")

    alone = [asked(number) for number in range(20)]
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        together = list(pool.map(asked, range(20)))

    assert together == alone
    assert len({answer[0][0] for answer in together}) == 20


def test_a_query_beyond_the_memory_is_finished_on_disk(engine_with):
    answers = {engine_with(memory).run(Statement(SORTED, "default")).body for memory in ("64MB", "1GB")}

    assert len(answers) == 1


def test_a_query_that_exceeds_memory_and_disk_names_the_setting(engine_with):
    with pytest.raises(AthenaError, match=r"exhausted resources.*LOCALAWS_ATHENA_MEMORY gives the engine more"):
        engine_with("64MB").run(Statement(f"SELECT max(cardinality(texts)) FROM {ONE_ARRAY}", "default"))
