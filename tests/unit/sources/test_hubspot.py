"""Contacts and companies of a server with HubSpot's habits: not one row is lost, not one is written twice."""

import json
import math
from collections import Counter
from datetime import UTC, datetime

import pytest

from cartlake.errors import TransientError
from cartlake.times import stamp
from sources.errors import ClockError, CredentialsError, SchemaChangedError
from sources.http import Http
from sources.hubspot.client import BAD_TOKEN, PAGE_ROWS, SECONDS_BETWEEN, HubSpot
from sources.hubspot.objects import COMPANIES, CONTACTS, OVERLAP, HubSpotObjects
from sources.hubspot.tokens import Tokens
from tests.servers.http import DROPPED, TRUNCATED, Reply, json_reply
from tests.servers.hubspot import HubSpotServer

START = 1_770_000_000.0
BUSY = Reply(429, b'{"errorType": "RATE_LIMIT"}')


class Patience:
    """Time that passes only while somebody waits."""

    def __init__(self):
        self.passed = 0.0

    def sleep(self, seconds):
        self.passed += seconds

    def clock(self):
        return self.passed


@pytest.fixture
def server():
    server = HubSpotServer(START)
    server.pace = False
    with server.serving() as server.address:
        yield server


@pytest.fixture
def patience():
    return Patience()


@pytest.fixture
def source_of(server, patience):
    def make(kind, secret="private"):
        http = Http(kind.dataset, 0, BAD_TOKEN, sleep=patience.sleep, clock=patience.clock)
        secrets = iter([secret] if isinstance(secret, str) else secret)
        known = []

        def read(_fresh):
            known.extend([value] if (value := next(secrets, None)) is not None else [])
            return known[-1]

        return HubSpotObjects(kind, HubSpot(server.address, http, Tokens(server.address, "lake/hubspot", read, http)))

    return make


def fill(server, number, kind="contacts"):
    for one in range(1, number + 1):
        server.save(kind, one, email=f"{one}@example.org")
        server.date += 0.25
    server.date = math.ceil(server.date) + 1  # the clock of HubSpot's answers has whole seconds


def assert_all_are_written_once(server, rows, kind="contacts", modified="lastmodifieddate"):
    written = Counter((row["hs_object_id"], row[modified]) for row in rows)
    prefix = {"contacts": "CON-", "companies": "COM-"}[kind]
    newest = {(f"{prefix}{one.id}", moment(one.modified)) for one in server.newest(kind).values()}
    assert {version: times for version, times in written.items() if times > 1} == {}
    assert newest <= set(written)


def moment(seconds):
    return stamp(datetime.fromtimestamp(seconds, UTC))


def test_contacts_are_read_in_pages_by_id_with_their_companies(syncer, server, source_of, written):
    fill(server, 2 * PAGE_ROWS + 50)
    server.companies_of = {1: 9001, 450: 9002}

    result = syncer.sync(source_of(CONTACTS))

    rows = {row["hs_object_id"]: row for row in written()}
    assert (result.read, result.written, result.files, result.done) == (450, 450, 1, True)
    assert_all_are_written_once(server, written())
    assert [rows[f"CON-{one}"]["primary_company_id"] for one in (1, 450)] == ["COM-9001", "COM-9002"]
    assert rows["CON-2"] == {
        "hs_object_id": "CON-2",
        "email": "2@example.org",
        "firstname": None,
        "lastname": None,
        "phone": None,
        "country": None,
        "lifecyclestage": None,
        "hs_email_optout": None,
        "primary_company_id": None,
        "createdate": moment(START + 0.25),
        "lastmodifieddate": moment(START + 0.25),
    }


def test_more_rows_than_a_search_gives_are_read(syncer, server, source_of, written):
    server.most_results = 1_000
    fill(server, 1_450, "companies")

    result = syncer.sync(source_of(COMPANIES))

    assert (result.written, result.files) == (1_450, 1)
    assert_all_are_written_once(server, written(), "companies", "hs_lastmodifieddate")


def test_the_next_sync_reads_what_was_modified_and_no_row_again(syncer, server, source_of, written):
    contacts = source_of(CONTACTS)
    fill(server, 250)
    syncer.sync(contacts)
    server.date += 5
    server.save("contacts", 7, email="new@example.org")
    server.save("contacts", 251, email="251@example.org")
    server.date += 5

    second, third = syncer.sync(contacts), syncer.sync(contacts)

    assert (second.written, third.written) == (2, 0)
    assert second.read == second.known + 2
    assert_all_are_written_once(server, written())


def test_a_version_that_the_search_finds_late_is_read_by_the_next_sync(syncer, server, source_of, written):
    contacts = source_of(CONTACTS)
    server.lag = OVERLAP.total_seconds() - 60
    fill(server, 3)
    server.date += OVERLAP.total_seconds()
    server.save("contacts", 1, email="late@example.org")
    server.lag = 0
    server.save("contacts", 2, email="at.once@example.org")
    server.date += 10
    syncer.sync(contacts)
    assert "late@example.org" not in {row["email"] for row in written()}

    server.date += OVERLAP.total_seconds()
    syncer.sync(contacts)

    assert "late@example.org" in {row["email"] for row in written()}
    assert_all_are_written_once(server, written())


def test_rows_that_are_modified_during_a_sync_shift_no_page(syncer, server, source_of, written):
    contacts = source_of(CONTACTS)
    fill(server, 3 * PAGE_ROWS)
    touched = iter(range(1, 3 * PAGE_ROWS, 90))

    def touch():
        server.date += 2
        if (number := next(touched, None)) is not None:
            server.save("contacts", number, email=f"{number}@example.com")

    server.on_search = touch
    syncer.sync(contacts)
    server.on_search = lambda: None
    server.date += 2
    syncer.sync(contacts)
    server.date += 2
    syncer.sync(contacts)

    assert_all_are_written_once(server, written())


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(BUSY, id="429 without Retry-After"),
        pytest.param(Reply(503, b"upstream"), id="503"),
        pytest.param(TRUNCATED, id="cut off"),
        pytest.param(DROPPED, id="connection closed"),
        pytest.param(Reply(200, b'{"results": [{"id"'), id="half a JSON"),
        pytest.param(json_reply({"total": 450, "results": []}), id="a page without rows"),
        pytest.param(json_reply({"total": 450, "results": [{"id": "3"}, {"id": "2"}]}), id="rows out of order"),
        pytest.param(json_reply({"status": "error", "category": "EXPIRED_AUTHENTICATION"}, 401), id="401"),
    ],
)
@pytest.mark.parametrize("at", [1, 2, 3, 4, 5])
def test_a_fault_at_any_request_loses_and_doubles_nothing(syncer, server, source_of, written, fault, at):
    fill(server, 2 * PAGE_ROWS + 50)
    # The requests are: properties twice, then searches and associations in turn.
    is_of_search = isinstance(fault, Reply) and b"total" in fault.body
    server.faults.extend([None] * (2 + 2 * (at // 2) if is_of_search else at) + [fault])

    syncer.sync(source_of(CONTACTS, ["private", "private"]))

    assert server.faults == type(server.faults)()
    assert_all_are_written_once(server, written())


def test_a_page_that_comes_again_and_again_ends_the_sync_and_the_next_goes_on(syncer, server, source_of, written):
    contacts = source_of(CONTACTS)
    fill(server, PAGE_ROWS + 1)
    page = json_reply({"total": 401, "results": [{"id": str(n), "properties": {}} for n in range(1, PAGE_ROWS + 1)]})
    server.faults.extend([None] * 4 + [page] * 6)

    with pytest.raises(TransientError, match="a page that begins again: ids from 1, asked for those above 200"):
        syncer.sync(contacts)
    syncer.sync(contacts)

    assert_all_are_written_once(server, written())


def test_searches_keep_below_five_a_second(syncer, server, source_of, written):
    server.pace = True
    fill(server, 1)
    http = Http("hubspot_companies", SECONDS_BETWEEN)
    tokens = Tokens(server.address, "lake/hubspot", lambda _: "private", http)
    companies = HubSpotObjects(COMPANIES, HubSpot(server.address, http, tokens))
    for number in range(1, 7 * PAGE_ROWS):
        server.save("companies", number)
    server.date += 1

    syncer.sync(companies)

    searches = [request for request in server.requests if request.path.endswith("/search")]
    assert len(searches) == 7  # none was refused
    assert_all_are_written_once(server, written(), "companies", "hs_lastmodifieddate")


def test_a_server_that_is_busy_without_saying_how_long_is_given_time(syncer, server, source_of, patience):
    fill(server, 1)
    server.faults.extend([BUSY] * 5)

    syncer.sync(source_of(CONTACTS))

    assert 15 < patience.passed < 35


def test_how_long_a_server_says_to_wait_is_waited(syncer, server, source_of, patience):
    server.faults.append(Reply(429, b"", {"Retry-After": "7"}))

    syncer.sync(source_of(CONTACTS))

    assert patience.passed == 7


class TestCredentials:
    OAUTH = json.dumps({"client_id": "app", "client_secret": "s3", "refresh_token": "again"})

    def test_a_token_that_ends_amid_a_sync_is_renewed(self, syncer, server, source_of, written):
        fill(server, 5 * PAGE_ROWS)
        server.on_search = lambda: setattr(server, "date", server.date + 1_000)

        result = syncer.sync(source_of(CONTACTS, self.OAUTH))

        assert (result.written, len(server.tokens) > 2) == (5 * PAGE_ROWS, True)
        assert_all_are_written_once(server, written())

    def test_a_secret_that_was_rotated_is_read_anew(self, syncer, server, source_of):
        assert syncer.sync(source_of(CONTACTS, ["expired", "private"])).done

    @pytest.mark.parametrize(
        ("secret", "said"),
        [
            pytest.param("guess", "refuses the credentials for .*/properties/contacts: 530", id="a bad token"),
            pytest.param("", "secret lake/hubspot is empty", id="no token"),
            pytest.param('{"client_id": "app"}', "is no JSON object of these members", id="half of OAuth"),
            pytest.param(OAUTH.replace("again", "old"), "BAD_REFRESH_TOKEN", id="an old refresh token"),
        ],
    )
    def test_bad_ones_are_said_so_and_nothing_is_lost(self, syncer, server, source_of, written, secret, said):
        fill(server, PAGE_ROWS + 1)

        with pytest.raises(CredentialsError, match=said) as raised:
            syncer.sync(source_of(CONTACTS, secret))
        assert "put-secret-value --secret-id lake/hubspot" in str(raised.value)
        assert "s3" not in str(raised.value).replace("hubspot", "")
        assert syncer.ledger.get("hubspot_contacts").error.startswith("CredentialsError")

        syncer.sync(source_of(CONTACTS))

        assert_all_are_written_once(server, written())


def test_a_property_that_is_gone_stops_the_sync_before_it_reads(syncer, server, source_of, written):
    fill(server, 1)
    server.removed_properties = {"firstname"}

    with pytest.raises(SchemaChangedError, match=r"no property firstname of contacts any more.*hubspot_contacts.odcs"):
        syncer.sync(source_of(CONTACTS))
    assert (written(), syncer.ledger.get("hubspot_contacts").open) == ([], None)

    server.removed_properties = set()
    assert syncer.sync(source_of(CONTACTS)).written == 1


def test_a_property_that_is_new_changes_nothing(syncer, server, source_of, written):
    server.save("contacts", 1, email="1@example.org", hs_internal="x")
    server.date += 1

    syncer.sync(source_of(CONTACTS))

    assert "hs_internal" not in written()[0]


def test_a_clock_that_goes_back_is_said_so_and_nothing_is_lost(syncer, server, source_of, written):
    contacts = source_of(CONTACTS)
    fill(server, 8)
    syncer.sync(contacts)
    server.date -= 3_600

    with pytest.raises(ClockError, match=r"The clock of hubspot_contacts says .* were read already"):
        syncer.sync(contacts)

    server.date += 3_600
    server.save("contacts", 9)
    server.date += 1
    assert syncer.sync(contacts).written == 1
    assert_all_are_written_once(server, written())


def test_an_empty_first_sync_writes_no_file_and_the_next_one_begins_at_the_beginning(
    syncer, server, source_of, written
):
    contacts = source_of(CONTACTS)
    empty = syncer.sync(contacts)
    fill(server, 2)
    server.date += 1

    assert (empty.read, empty.files, empty.watermark, empty.done) == (0, 0, None, True)
    assert syncer.sync(contacts).written == len(written()) == 2


def test_since_reads_again_from_a_moment_on(syncer, server, source_of, written):
    contacts = source_of(CONTACTS)
    fill(server, 8)
    syncer.sync(contacts)

    again = syncer.sync(contacts, since=datetime.fromtimestamp(START + 1, UTC))

    assert again.written == 4
    assert len(written()) == 12
