"""What the comparison of sources counts, and the faults that its server makes."""

import json
from random import Random

import pytest

from benchmarks.peers.sources.measure import Outcome, cell, markdown
from benchmarks.peers.sources.scenarios import SCENARIOS, SIZE, fill, gone
from benchmarks.peers.sources.score import Score, merged, score
from benchmarks.peers.sources.server import BUSY, REPEATED, SHORT, START, TorturedHubSpot
from benchmarks.peers.sources.tools import milliseconds_of, number_of
from tests.servers.http import TRUNCATED, Request

TRUTH = {1: 10, 2: 20, 3: 30}


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        pytest.param([(1, 10), (2, 20), (3, 30)], Score(), id="all is right"),
        pytest.param([(1, 10)], Score(lost=2), id="lost"),
        pytest.param([], Score(lost=3), id="nothing was read"),
        pytest.param([(1, 10), (2, 20), (3, 30), (3, 30)], Score(doubled=1), id="a row twice"),
        pytest.param([(1, 10), (2, 20), (3, 25), (3, 30)], Score(doubled=1), id="two versions of a contact"),
        pytest.param([(1, 9), (2, 20), (3, 30)], Score(stale=1), id="stale"),
        pytest.param([(1, 9), (1, 8), (2, 20), (3, 30)], Score(doubled=1, stale=1), id="only old versions"),
        pytest.param([(1, 10), (2, 20), (3, 30), (4, 40)], Score(kept=1), id="kept"),
    ],
)
def test_rows_are_compared_with_the_newest_versions(rows, found):
    assert score(TRUTH, rows) == found


def test_older_versions_are_merged_away_and_a_version_written_twice_is_counted():
    written = [(1, 9), (1, 10), (2, 20), (2, 20), (3, 30), (1, 9)]

    assert score(TRUTH, merged(written)) == Score(doubled=2)


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        pytest.param(Outcome(at_last=Score()), "0", id="nothing is wrong"),
        pytest.param(Outcome(at_last=Score(1_000, 2, 3, 4)), "1,000 lost, 2 doubled, 3 stale, 4 kept", id="all is"),
        pytest.param(Outcome(failures=["401"]), "0 (again)", id="a run was started again"),
        pytest.param(Outcome(at_last=Score(lost=9), failures=["400"], gave_up=True), "9 lost (fails)", id="it fails"),
    ],
)
def test_a_cell_says_what_is_wrong_and_whether_it_was_loud(outcome, said):
    assert cell(outcome, outcome.at_last) == said


def test_tables_have_a_row_for_each_scenario_and_a_column_for_each_tool():
    outcomes = {("401 midway", "Cartlake"): Outcome(), ("401 midway", "ingestr"): Outcome(after=Score(stale=2))}

    at_last, after = markdown(["Cartlake", "ingestr"], outcomes).split("\n\n")

    assert at_last.splitlines()[0] == "| at last | Cartlake | `ingestr` |"
    assert at_last.splitlines()[-1] == "| 401 midway | 0 | 0 |"
    assert after.splitlines()[-1] == "| 401 midway | 0 | 2 stale |"


@pytest.mark.parametrize("moment", ["1770000000250", "2026-02-02T02:40:00.250Z", "2026-02-02T02:40:00.250000"])
def test_times_are_read_as_hubspot_and_tools_write_them(moment):
    assert milliseconds_of(moment) == 1_770_000_000_250


def test_ids_are_numbers_whatever_prefix_they_have():
    assert number_of("CON-151") == number_of("151") == 151


def test_no_two_scenarios_have_one_name():
    assert len({scenario.name for scenario in SCENARIOS}) == len(SCENARIOS)


@pytest.fixture
def server():
    server = TorturedHubSpot()
    fill(server, SIZE, Random(1))
    return server


def search(server, after=0, **asked):
    """The fault and the status of an answer, and its content."""
    rules = [{"propertyName": "lastmodifieddate", "operator": "GTE", "value": str(int(START))}]
    asked = {"filterGroups": [{"filters": rules}], "properties": ["email"], "limit": 200, "after": str(after), **asked}
    return answer(server, "POST", "/crm/v3/objects/contacts/search", asked)


def answer(server, method, path, asked=None):
    headers = {"Authorization": "Bearer private", "Host": "localhost"}
    fault, reply = server.answered(Request(method, path, headers, json.dumps(asked).encode()))
    return fault, reply.status, json.loads(reply.body)


def ids(content):
    return [int(one["id"]) for one in content["results"]]


def test_faults_come_at_their_pages_and_only_there(server):
    server.begin({2: BUSY, 3: REPEATED, 4: SHORT, 5: TRUNCATED})

    answers = [search(server, after) for after in (0, 200, 200, 200, 400, 400)]
    assert [status for _, status, _ in answers] == [200, 429, 200, 200, 200, 200]
    first, _, repeated, short, cut, last = (content for _, _, content in answers)

    assert ids(repeated) == ids(first) == list(range(1, 201))
    assert (ids(short), "paging" in short, short["total"]) == (list(range(201, 301)), False, SIZE)
    assert [fault for fault, _, _ in answers] == [None, None, None, None, TRUNCATED, None]
    assert ids(cut) == ids(last) == list(range(401, 601))


def test_a_search_may_be_sorted_by_time(server):
    _, _, content = search(server, sorts=[{"propertyName": "lastmodifieddate", "direction": "ASCENDING"}])

    times = [one["updatedAt"] for one in content["results"]]
    assert times == sorted(times)
    assert ids(content) != sorted(ids(content))


def test_the_list_has_links_until_its_end_and_archived_contacts_are_in_a_list_of_their_own(server):
    gone(server, Random(1))
    there, path = [], "/crm/v3/objects/contacts?limit=100&properties=email"
    while path:
        _, _, content = answer(server, "GET", path)
        there += ids(content)
        path = content.get("paging", {}).get("next", {}).get("link", "").removeprefix("http://localhost")

    _, _, archived = answer(server, "GET", "/crm/v3/objects/contacts?limit=100&archived=true")

    assert there == sorted(server.truth())
    assert (len(archived["results"]), len(server.records["contacts"]) - len(there)) == (10, 15)
    assert all(one["archived"] and one["archivedAt"] for one in archived["results"])
