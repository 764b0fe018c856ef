"""Sources are read by the deployed lake: what the servers serve is what the tables hold, each row once."""

import json
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from cartlake.ledger import FileState
from sources.fx_rates import CURRENCIES
from tests.e2e.conftest import environment_of, eventually
from tests.servers.ecb import Ecb
from tests.servers.http import TRUNCATED, Reply
from tests.servers.hubspot import HubSpotServer
from tests.servers.sftp import PASSWORD, SftpSite

pytestmark = pytest.mark.e2e

# Long before all orders of other tests, so that these rates convert none of them.
FIRST, LAST = date(2016, 6, 1), date(2016, 8, 26)
SECRET = "cartlake-local/hubspot"
RATES = "select cast(rate_date as varchar), currency, rate from processed.fx_rates where rate_date < date '2017-01-01'"
CONTACTS = "select contact_id, email, primary_company_id, updated_at from processed.hubspot_contacts"


@contextmanager
def read_from(lake, **sources):
    with environment_of(lake, "source_sync", SOURCES=json.dumps(sources)):
        yield


def loaded(lake, source, folder="sync"):
    """Wait until all files of a source are loaded; returns their keys."""

    def found():
        files = [one for one in lake.ledger.files.list(source) if f"/{source}/{folder}/" in one.key]
        return files if all(one.state is FileState.LOADED for one in files) else None

    return sorted(one.key for one in eventually(found, 180))


def answer(run_lake, *arguments):
    return json.loads(run_lake("sync", *arguments, "--json").stdout)


def shown(run_lake, source):
    [found] = [one for one in json.loads(run_lake("sources", "--json").stdout) if one["source"] == source]
    return found


def test_rates_of_the_central_bank_are_in_the_table_as_it_serves_them(lake, run_lake, rows_of):
    def assert_table_is_served():
        rows = rows_of(RATES)
        assert len(rows) == len(server.rows(CURRENCIES))
        assert {(day, currency): Decimal(rate) for day, currency, rate in rows} == {
            key: Decimal(rate) for key, rate in server.rows(CURRENCIES).items()
        }

    server = Ecb(FIRST, LAST)
    with server.serving() as address, read_from(lake, fx_rates={"url": address}):
        looked = answer(run_lake, "fx_rates", "--dry-run")
        assert (looked["written"], lake.ledger.sources.get("fx_rates").last) == (len(server.rows(CURRENCIES)), None)

        server.faults.extend([TRUNCATED, Reply(503)])
        first = answer(run_lake, "fx_rates")
        assert (first["read"], first["written"], first["files"]) == (looked["written"], looked["written"], 1)
        assert len(loaded(lake, "fx_rates")) == 1
        assert_table_is_served()

        server.publish(days=4)
        server.correct(LAST - timedelta(days=1), "USD", "1.2345")
        second = answer(run_lake, "fx_rates")
        assert second["written"] == 2 * len(CURRENCIES) + 1  # a weekend, two days, and what was corrected
        assert len(loaded(lake, "fx_rates")) == 2
        assert_table_is_served()

        third = answer(run_lake, "fx_rates")
        assert (third["read"], third["files"]) == (0, 0)
        assert len(loaded(lake, "fx_rates")) == 2
        progress = shown(run_lake, "fx_rates")
        assert (progress["state"], progress["read_until"][:10]) == ("DONE", f"{server.today}")


def put_secret(lake, value, secret=SECRET):
    lake.client("secretsmanager").put_secret_value(SecretId=secret, SecretString=value)


def test_contacts_of_hubspot_are_in_the_table_once_whatever_fails(lake, run_lake, rows_of):
    server = HubSpotServer()
    server.companies_of = {1: 9001}
    for number in range(1, 451):
        server.save("contacts", number, email=f"{number}@example.org", hs_email_optout="false")
    server.save("companies", 9001, name="Alpine Goods", numberofemployees="42")

    def assert_table_is_served():
        rows = rows_of(CONTACTS)
        assert Counter(row[0] for row in rows) == Counter(f"CON-{one}" for one in server.newest("contacts"))
        served = {f"CON-{one.id}": one for one in server.newest("contacts").values()}
        for contact, email, company, updated_at in rows:
            assert email == served[contact].values["email"]
            assert company == ("COM-9001" if contact == "CON-1" else None)
            assert (
                updated_at[:23]
                == datetime.fromtimestamp(served[contact].modified, UTC).isoformat(" ", "milliseconds")[:23]
            )

    secret = {"secret": SECRET}
    with server.serving() as address:
        enabled = {"hubspot_contacts": {**secret, "url": address}, "hubspot_companies": {**secret, "url": address}}
        with read_from(lake, **enabled):
            put_secret(lake, "guessed")
            refused = run_lake("sync", "hubspot_contacts", exit_code=1)
            assert "put-secret-value" in f"{refused.output} {refused.exception}"
            assert shown(run_lake, "hubspot_contacts")["error"].startswith("CredentialsError")

            put_secret(lake, "private")
            server.faults.extend([None] * 3 + [Reply(429), TRUNCATED, Reply(401), Reply(502)])
            first = answer(run_lake, "hubspot_contacts")
            assert (first["read"], first["written"]) == (450, 450)
            assert not server.faults
            loaded(lake, "hubspot_contacts")
            assert_table_is_served()

            for number in (7, 451):
                server.save("contacts", number, email=f"{number}@example.com", hs_email_optout="true")
            # The clock of HubSpot's answers has whole seconds, so the last moment is read by the next sync.
            eventually(lambda: answer(run_lake, "hubspot_contacts")["watermark"] >= newest(server))
            loaded(lake, "hubspot_contacts")
            assert_table_is_served()

            assert answer(run_lake, "hubspot_companies")["written"] == 1
            loaded(lake, "hubspot_companies")
            assert rows_of("select company_name, employees from processed.hubspot_companies") == [
                ["Alpine Goods", "42"]
            ]
            assert shown(run_lake, "hubspot_contacts")["error"] is None


def newest(server):
    seconds = max(one.modified for one in server.newest("contacts").values())
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")


def test_a_file_on_an_sftp_server_is_rows_of_the_table_once(lake, run_lake, rows_of, tmp_path):
    # Of a year that no other test has rates of.
    row = ["2017-05-05", "USD", "1.0961"]
    rows = "select cast(rate_date as varchar), currency, rate from processed.fx_rates where year(rate_date) = 2017"
    secret, text = (
        "cartlake-local/sftp-bank",
        f"rate_date,currency,rate,updated_at\n{','.join(row)},2017-05-05T15:00:00Z\n",
    )
    put_secret(lake, json.dumps({"password": PASSWORD}), secret)

    with SftpSite(tmp_path).serving() as site:
        site.put("Kurse März.csv", text.encode())
        site.put("half.csv.part", b"rate_date")
        settings = site.settings(dataset="fx_rates", secret=secret, settle_seconds=1)
        with environment_of(lake, "sftp_reader", SFTP=json.dumps({"bank": {**settings, "host_keys": []}})):
            assert site.host_key.fingerprint in str(run_lake("sync", "bank", exit_code=1).exception)
        with environment_of(lake, "sftp_reader", SFTP=json.dumps({"bank": settings})):
            assert answer(run_lake, "bank", "--dry-run")["waiting"] == 2
            first = answer(run_lake, "bank")
            site.folder.joinpath("Kurse März.csv").rename(site.folder / "done.csv")
            second = answer(run_lake, "bank")

    counts = ("listed", "fetched", "known", "waiting", "refused")
    assert [[one[name] for name in counts] for one in (first, second)] == [[2, 1, 0, 1, 0], [2, 0, 1, 1, 0]]
    assert [key.rsplit("/", 1)[1] for key in loaded(lake, "fx_rates", "sftp")] == ["Kurse_März.csv"]
    [[day, currency, rate]] = rows_of(rows)
    assert (day, currency, Decimal(rate)) == (row[0], row[1], Decimal(row[2]))
    shown_files = json.loads(run_lake("sources", "bank", "--json").stdout)
    assert [(one["path"], one["state"]) for one in shown_files] == [("done.csv", "READ")]


def test_a_source_that_is_not_enabled_is_said_so(run_lake):
    refused = run_lake("sync", "salesforce", exit_code=1)

    assert "is no source of this lake" in f"{refused.output} {refused.exception}"
