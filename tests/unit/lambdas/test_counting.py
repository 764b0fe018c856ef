"""Metrics are sent for the lake as a whole where an alarm watches them, and by dataset where that is paid for."""

import json

import pytest

from lambdas.shared import counting
from lambdas.shared.metric_names import ALARMED, UNITS, quarantine_percent


@pytest.fixture
def sent(capsys, monkeypatch):
    def by_dataset(on, **values):
        monkeypatch.setenv("METRICS_BY_DATASET", str(on))
        counting._settings.cache_clear()
        counting.count("orders", **values)
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
        return [
            (
                {
                    name: line[name]
                    for directive in line["_aws"]["CloudWatchMetrics"]
                    for name in directive["Dimensions"][0]
                }
            )
            for line in lines
        ]

    yield by_dataset
    counting._settings.cache_clear()


def test_what_an_alarm_watches_is_sent_for_the_whole_lake(sent):
    assert sent(on=False, RunsFailed=1) == [{"service": "lake"}]
    assert sent(on=True, RunsFailed=1) == [{"service": "lake"}, {"service": "lake", "dataset": "orders"}]


def test_other_metrics_are_sent_by_dataset_only_where_asked_for(sent):
    assert sent(on=False, RowsRead=5) == []
    assert sent(on=True, RowsRead=5) == [{"service": "lake", "dataset": "orders"}]


def test_a_value_that_is_not_known_is_not_sent(sent):
    assert sent(on=True, RunsFailed=None) == []


def test_an_unknown_name_is_a_fault_of_the_code(sent):
    with pytest.raises(KeyError):
        sent(on=False, RunsFaild=1)


def test_alarmed_metrics_are_metrics():
    assert set(UNITS) >= ALARMED


@pytest.mark.parametrize(
    ("read", "refused", "percent"), [(100, 11, 11.0), (99, 99, None), (1000, 0, 0.0), (0, 0, None)]
)
def test_the_share_of_refused_rows_needs_enough_rows(read, refused, percent):
    assert quarantine_percent(read, refused) == percent
