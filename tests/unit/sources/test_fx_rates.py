"""Rates of a server that behaves as the European Central Bank's: what it serves is what is written."""

from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from cartlake.times import utc_now
from cartlake_cli.smoke.rows import MONTHS
from sources import fx_rates
from sources.errors import RefusedRequestError, SchemaChangedError, SourceUnavailableError
from sources.fx_rates import CURRENCIES, FIRST_DAY, FxRates
from sources.http import Http
from tests.servers.ecb import Ecb
from tests.servers.http import DROPPED, TRUNCATED, Reply

CONTRACT = Path(__file__).parents[3] / "contracts" / "fx_rates.odcs.yaml"


@pytest.fixture
def ecb():
    today = utc_now().date()
    server = Ecb(today - timedelta(days=200), today - timedelta(days=3))
    with server.serving() as server.address:
        yield server


@pytest.fixture
def rates(ecb):
    return FxRates(ecb.address, Http("fx_rates", sleep=lambda _: None))


def newest(rows):
    return {(row["rate_date"], row["currency"]): row["rate"] for row in sorted(rows, key=lambda row: row["updated_at"])}


def paths(ecb):
    return [request.path for request in ecb.requests]


def test_the_first_sync_reads_the_history_and_the_next_ones_the_last_days(syncer, ecb, rates, written):
    first = syncer.sync(rates)
    ecb.publish()
    ecb.publish()
    second = syncer.sync(rates)

    assert paths(ecb) == ["/eurofxref-hist.xml", "/eurofxref-hist-90d.xml"]
    assert newest(written()) == ecb.rows(CURRENCIES)
    assert len(written()) == len(ecb.rows(CURRENCIES)) == first.written + second.written
    assert second.known > 0


def test_a_file_that_did_not_change_is_not_read_again(syncer, ecb, rates, written):
    syncer.sync(rates)
    before = written()
    second = syncer.sync(rates)  # of another file, which has no ETag yet
    third = syncer.sync(rates)

    assert (second.written, second.known > 0, third.read) == (0, True, 0)
    assert ecb.requests[-1].headers["If-None-Match"].startswith('"')
    assert written() == before


def test_a_corrected_rate_is_written_once_more_with_a_later_time(syncer, ecb, rates, written):
    syncer.sync(rates)
    day = ecb.days()[1]
    ecb.correct(day, "USD", "9.9999")

    assert syncer.sync(rates).written == 1
    assert newest(written())[f"{day}", "USD"] == "9.9999"


def test_a_long_pause_is_filled_from_the_history(syncer, ecb, rates, written):
    ecb.today -= timedelta(days=150)
    syncer.sync(rates)
    ecb.publish(days=150)
    syncer.sync(rates)

    assert paths(ecb)[-1] == "/eurofxref-hist.xml"
    assert newest(written()) == ecb.rows(CURRENCIES)


def test_files_cut_off_and_servers_out_of_order_are_asked_again(syncer, ecb, rates, written):
    ecb.faults.extend([TRUNCATED, DROPPED, Reply(503), Reply(200, b"<Envelope><Cu")])

    syncer.sync(rates)

    assert newest(written()) == ecb.rows(CURRENCIES)


def test_a_server_that_stays_out_of_order_is_said_so_and_loses_nothing(syncer, ecb, rates, written):
    ecb.faults.extend([Reply(503, b"maintenance")] * 6)

    with pytest.raises(SourceUnavailableError, match="at 6 tries, at last: 503 maintenance"):
        syncer.sync(rates)
    assert "503 maintenance" in syncer.ledger.get("fx_rates").error
    assert written() == []

    syncer.sync(rates)

    assert newest(written()) == ecb.rows(CURRENCIES)
    assert syncer.ledger.get("fx_rates").error is None


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param(b"<html><body>Moved</body></html>", "no element Cube with a time", id="another page"),
        pytest.param(
            b'<E xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref"><Cube><Cube time="2026-03-02">'
            b'<Cube currency="USD" value="1.1"/></Cube></Cube></E>',
            "no attribute 'rate'",
            id="another attribute",
        ),
    ],
)
def test_a_file_of_another_form_is_refused(syncer, ecb, rates, written, body, said):
    ecb.faults.append(Reply(200, body))

    with pytest.raises(SchemaChangedError, match=said):
        syncer.sync(rates)
    assert written() == []


def test_a_wrong_address_is_said_so(syncer, ecb):
    with pytest.raises(RefusedRequestError, match=r"nowhere/eurofxref-hist.xml: 404 not here"):
        syncer.sync(FxRates(f"{ecb.address}/nowhere"))


def test_an_address_that_moved_is_said_so(syncer, ecb, rates):
    ecb.faults.append(Reply(301, b"", {"Location": "https://example.org/rates?key=1"}))

    with pytest.raises(
        RefusedRequestError, match=r"no longer at .*/eurofxref-hist.xml but at https://example.org/rates\.$"
    ):
        syncer.sync(rates)


def test_a_dry_run_reads_and_writes_nothing(syncer, ecb, rates, written):
    looked = syncer.look(rates)

    assert (looked.written, looked.files, looked.dry_run) == (len(ecb.rows(CURRENCIES)), 1, True)
    assert written() == []
    assert syncer.ledger.all() == []


def test_the_currencies_and_the_first_day_are_allowed_by_the_contract():
    [table] = yaml.safe_load(CONTRACT.read_text())["schema"]
    columns = {column["name"]: column for column in table["properties"]}

    assert set(columns["currency"]["quality"][0]["arguments"]["validValues"]) == CURRENCIES
    assert columns["rate_date"]["logicalTypeOptions"]["minimum"] <= f"{FIRST_DAY}"
    assert fx_rates.INFO.modified_column in columns


def test_the_months_of_smoke_tests_are_left_free():
    assert MONTHS[-1].replace(day=31) < FIRST_DAY
