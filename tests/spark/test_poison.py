"""Messages of a stream that are no rows, in both engines: quarantined with the reader's reason, and with their text."""

import json
from ast import literal_eval
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cartlake import contracts
from cartlake.poison import PoisonReason, poison_line
from sources.streams.horizon import event_at
from tests.spark.both_readers import agreed
from tests.spark.test_files_differential import GOOD, STAMPS

pytestmark = pytest.mark.spark

VENDORS = contracts.load("vendors")
PLACE = {"partition": 3, "offset": 17, "timestamp": 0, "bytes": 9}
TEXT = '}{"a": "}{}{}{}{}{}{}{}{}{}{" \u2028\x00'


def dropped(read, contract, name, lines):
    content = b"".join(line + b"\n" for line in lines)
    return read.dropped(contract, name, content, kind="jsonl", header=[], line_is_record=True)


@pytest.mark.parametrize("unknown", ["refuse", "ignore"])
def test_a_message_that_is_no_row_is_quarantined_with_its_reason_and_its_text(read, unknown):
    contract = replace(VENDORS, unknown_columns=unknown)
    poison = [poison_line(reason, TEXT, PLACE | {"offset": at}) for at, reason in enumerate(PoisonReason)]
    lines = [json.dumps(GOOD).encode(), *poison, b'{"_poison": {"reason": "invented"}}']
    file = dropped(read, contract, f"poison-{unknown}.jsonl", lines)

    refused = [literal_eval(row) for row in agreed(read.refused(contract, [file]))]

    raw = {row["reasons"][0]: json.loads(row["raw_record"]) for row in refused}
    found = {reason: one["_corrupt_record"] for reason, one in raw.items() if "_corrupt_record" in one}
    assert found.keys() == {*map(str, PoisonReason), "malformed_row"}
    for at, reason in enumerate(PoisonReason):
        kept = json.loads(found[reason])["_poison"]
        assert (kept["text"], kept["offset"], kept["partition"]) == (TEXT, at, 3)


def test_the_reader_reads_the_times_that_engines_read(read):
    stamps = [text for text in STAMPS.replace("\n", "|").split("|") if text.isprintable()]
    file = dropped(
        read,
        VENDORS,
        "stamps.jsonl",
        [json.dumps(GOOD | {"vendor_id": f"{at}", "updated_at": text}).encode() for at, text in enumerate(stamps)],
    )

    rows = agreed(read.judged(VENDORS, [file]))

    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    in_engines = {row["vendor_id"]: row["updated_at"] for row in map(literal_eval, rows)}
    for at, text in enumerate(stamps):
        if (micros := in_engines[f"{at}"]) is not None:
            assert event_at(text) == epoch + timedelta(microseconds=micros), text
    assert sum(micros is not None for micros in in_engines.values()) > 10
