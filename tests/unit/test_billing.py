"""What a log of requests costs, item by item."""

import json

import pytest

from benchmarks.billing import bill, counts, idle_usd_a_day, kms_usd, prices, read_log

PRICE = prices()


def request(service, operation, **members):
    return {
        "kind": "request",
        "service": service,
        "operation": operation,
        "bytes": 200,
        "items": 1,
        "place": "",
        **members,
    }


def only(entry):
    [(item, usd)] = bill([entry], PRICE).items()
    return item, pytest.approx(usd)


@pytest.mark.parametrize(
    ("entry", "item", "usd"),
    [
        pytest.param(request("s3", "PutObject"), "s3 put", 5e-6, id="put"),
        pytest.param(request("s3", "ListObjectsV2"), "s3 put", 5e-6, id="a list costs as much as a put"),
        pytest.param(request("s3", "HeadObject"), "s3 get", 4e-7, id="head"),
        pytest.param(request("dynamodb", "GetItem"), "dynamodb read", 1.25e-7, id="read"),
        pytest.param(request("dynamodb", "PutItem", place="idempotency"), "dynamodb write", 6.25e-7, id="write"),
        pytest.param(
            request("dynamodb", "PutItem", place="x-ledger"), "dynamodb write", 3 * 6.25e-7, id="and its index"
        ),
        pytest.param(
            request("dynamodb", "TransactWriteItems", items=2, bytes=3000),
            "dynamodb write",
            2 * 2 * 4 * 6.25e-7,
            id="2 KB",
        ),
        pytest.param(request("glue", "GetTable"), "glue catalog", 1e-6, id="catalog"),
        pytest.param(
            {"kind": "transition", "machine": "ingest", "state": "Claim"}, "transitions ingest", 2.5e-5, id="state"
        ),
        pytest.param({"kind": "event", "source": "cartlake", "type": "FileValidated"}, "events", 1e-6, id="own event"),
        pytest.param({"kind": "event", "source": "aws.s3", "type": "Object Created"}, "events", 1e-6, id="S3's event"),
    ],
)
def test_an_entry_costs_its_list_price(entry, item, usd):
    assert only(entry) == (item, usd)


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param(request("s3", "DeleteObjects"), id="deletes are free"),
        pytest.param(request("events", "PutEvents"), id="events are counted as events"),
        pytest.param({"kind": "event", "source": "aws.states", "type": "x"}, id="what services send by themselves"),
    ],
)
def test_some_cost_nothing(entry):
    assert sum(bill([entry], PRICE).values()) == 0


def test_a_function_costs_its_time_and_size_its_request_and_its_log():
    run = {"kind": "function", "name": "loader", "ms": 2000, "memory_mb": 512, "log_bytes": 1_000_000}

    found = bill([run], PRICE)

    assert found == {"lambda loader": pytest.approx(0.0000133334 + 0.0000002), "logs": pytest.approx(0.0005)}
    assert kms_usd([run], PRICE, minutes=11) == pytest.approx(3 * 2 * 0.000003)


def test_entries_are_read_up_to_the_last_whole_line(tmp_path):
    path, entry = tmp_path / "requests.jsonl", request("s3", "GetObject")
    path.write_text(f"{{}}\n{json.dumps(entry)}\n{json.dumps(entry)}\n" + '{"kind": "req')

    found = read_log(path, offset=3)

    assert found == [entry, entry]
    assert counts(found) == {"s3 GetObject": 2}


def test_waiting_for_files_costs_a_cent_a_day():
    assert 0.005 < idle_usd_a_day(PRICE) < 0.01
