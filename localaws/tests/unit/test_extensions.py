import json
from pathlib import Path

import pytest

from localaws.extensions.cloudwatch.alarm_evaluation import new_state
from localaws.extensions.cloudwatch.alarms import to_xml, with_iso_times
from localaws.extensions.cloudwatch.service_metrics import embedded_metrics, queue_metrics
from localaws.extensions.glue.crawlers import CrawlError, _require_success, end_interrupted
from localaws.extensions.retention import delete_old_histories, delete_old_logs
from localaws.extensions.s3.listing import url_encode_keys
from localaws.extensions.s3.reading import mapped, range_of
from localaws.extensions.sqs_redrive import move_messages


class TestAlarms:
    @pytest.mark.parametrize(
        ("values", "settings", "expected"),
        [
            pytest.param([1.0], {}, "ALARM", id="above"),
            pytest.param([0.0], {}, "OK", id="not above"),
            pytest.param([None], {}, "INSUFFICIENT_DATA", id="no data"),
            pytest.param([None], {"TreatMissingData": "notBreaching"}, "OK", id="no data is fine"),
            pytest.param([None], {"TreatMissingData": "breaching"}, "ALARM", id="no data is bad"),
            pytest.param([None], {"TreatMissingData": "ignore"}, None, id="no data changes nothing"),
            pytest.param([1.0, 0.0], {"EvaluationPeriods": 2}, "OK", id="one of two"),
            pytest.param(
                [1.0, 0.0], {"EvaluationPeriods": 2, "DatapointsToAlarm": 1}, "ALARM", id="one of two is enough"
            ),
        ],
    )
    def test_the_state_of_an_alarm_depends_on_its_periods(self, values, settings, expected):
        alarm = {"ComparisonOperator": "GreaterThanThreshold", "Threshold": 0, "EvaluationPeriods": 1} | settings

        assert new_state(values, alarm) == expected

    def test_lists_are_member_elements_in_xml_and_nulls_are_left_out(self):
        assert (
            to_xml({"A": [{"B": True}], "C": None, "D": "<&"}) == "<A><member><B>true</B></member></A><D>&lt;&amp;</D>"
        )

    def test_only_timestamps_become_iso_times(self):
        assert with_iso_times({"Period": 60, "At": [{"StateUpdatedTimestamp": 0}]}) == {
            "Period": 60,
            "At": [{"StateUpdatedTimestamp": "1970-01-01T00:00:00Z"}],
        }


class TestMetrics:
    def message(self, sent_at, visible_at, receive_count=0):
        return {"sent_at": sent_at, "visible_at": visible_at, "receive_count": receive_count}

    def test_messages_are_counted_by_what_they_wait_for(self):
        messages = [self.message(10, 10), self.message(40, 200, receive_count=1), self.message(50, 300)]

        metrics = {name: value for name, (value, _) in queue_metrics(messages, now=100).items()}

        assert metrics == {
            "ApproximateNumberOfMessagesVisible": 1,
            "ApproximateNumberOfMessagesNotVisible": 1,
            "ApproximateNumberOfMessagesDelayed": 1,
            "ApproximateAgeOfOldestMessage": 90,
        }

    def test_an_empty_queue_has_no_age(self):
        assert queue_metrics([], now=100)["ApproximateAgeOfOldestMessage"] == (0.0, "Seconds")

    @pytest.mark.parametrize(
        "directive",
        [
            pytest.param({"Metrics": [{"Name": "m"}]}, id="no namespace"),
            pytest.param({"Namespace": "N"}, id="no metrics"),
            pytest.param({"Namespace": "N", "Metrics": [{"Unit": "Count"}]}, id="a metric without a name"),
            pytest.param({"Namespace": "N", "Metrics": [{"Name": "text"}]}, id="a value that is no number"),
            pytest.param("N", id="a directive that is a text"),
        ],
    )
    def test_a_line_that_is_not_in_the_embedded_format_is_ignored(self, directive):
        broken = json.dumps({"_aws": {"CloudWatchMetrics": [directive]}, "m": 1, "text": "many"})
        valid = json.dumps({"_aws": {"CloudWatchMetrics": [{"Namespace": "N", "Metrics": [{"Name": "m"}]}]}, "m": 1})

        assert list(embedded_metrics(f"{broken}\n{valid}")) == [("N", "m", 1, "None", {})]

    def test_embedded_metrics_are_found_among_other_lines(self):
        directive = {"Namespace": "N", "Dimensions": [["d"]], "Metrics": [{"Name": "m", "Unit": "Count"}]}
        record = {"_aws": {"CloudWatchMetrics": [directive]}, "d": "x", "m": [1, 2]}
        log = "\n".join(["plain", '{"_aws": broken', json.dumps({"_aws": {}}), json.dumps(record)])

        assert list(embedded_metrics(log)) == [("N", "m", 1, "Count", {"d": "x"}), ("N", "m", 2, "Count", {"d": "x"})]


class TestRedrive:
    def message(self, body, visible_at=0, origin="arn:a"):
        return {"body": body, "visible_at": visible_at, "receive_count": 3, "sys": {"DeadLetterQueueSourceArn": origin}}

    def test_messages_are_moved_to_their_source_queue_as_new(self):
        dead = {"messages": [self.message("a"), self.message("b", origin="arn:b")]}
        first, second = {"messages": []}, {"messages": []}

        moved = move_messages(dead, {"arn:a": first, "arn:b": second}, None)

        assert (moved, dead["messages"]) == (2, [])
        assert [(m["body"], m["receive_count"]) for m in first["messages"] + second["messages"]] == [("a", 0), ("b", 0)]

    def test_messages_in_flight_or_of_unknown_origin_are_not_moved(self):
        held, orphan = self.message("held", visible_at=9e12), self.message("orphan", origin="arn:gone")
        dead = {"messages": [held, orphan]}

        assert move_messages(dead, {"arn:a": {"messages": []}, "arn:b": {"messages": []}}, None) == 0
        assert dead["messages"] == [held, orphan]


def test_a_crawl_that_was_interrupted_has_failed_and_the_crawler_can_start_again():
    interrupted, idle = {"State": "RUNNING"}, {"State": "READY", "LastCrawl": {"Status": "SUCCEEDED"}}

    end_interrupted(interrupted)
    end_interrupted(idle)

    assert (interrupted["State"], interrupted["LastCrawl"]["Status"]) == ("READY", "FAILED")
    assert idle["LastCrawl"]["Status"] == "SUCCEEDED"


def test_a_crawl_whose_table_the_catalog_refuses_fails_with_the_reason():
    refused = (400, {}, json.dumps({"__type": "InvalidInputException", "message": "no such type"}).encode())

    with pytest.raises(CrawlError, match="InvalidInputException: no such type"):
        _require_success(refused)


def test_a_range_that_begins_after_the_end_is_an_error_with_s3s_code():
    status, headers, body = range_of((200, {}, b"0123456789"), "bucket", "key", "bytes=10-")

    assert (status, headers["Content-Range"]) == (416, "bytes */10")
    assert b"<Code>InvalidRange</Code>" in body


def test_a_range_has_no_checksum_of_the_whole_object():
    status, headers, body = range_of(
        (200, {"x-amz-checksum-crc32": "abc", "ETag": "e"}, b"0123456789"), "bucket", "key", "bytes=2-4"
    )

    assert (status, body) == (206, b"234")
    assert headers == {"ETag": "e", "Content-Length": "3", "Content-Range": "bytes 2-4/10"}


def test_a_file_that_was_deleted_has_no_content(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "is_file", lambda _: True)  # it was there a moment ago

    assert mapped(str(tmp_path / "gone")) is None


def test_keys_of_a_listing_are_encoded():
    body = b"<R><Prefix></Prefix><IsTruncated>false</IsTruncated><Version><Key>a%b &amp; \xc3\xbc/c</Key></Version></R>"

    assert url_encode_keys(body) == (
        b"<R><Prefix></Prefix><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>"
        b"<Version><Key>a%25b%20%26%20%C3%BC/c</Key></Version></R>"
    )


class TestRetention:
    def stream(self, last, events=1):
        return {"lastEventTimestamp": last, "events": list(range(events))}

    def test_streams_older_than_the_retention_are_deleted(self):
        streams = {"old": self.stream(5), "new": self.stream(20), "empty": self.stream(None, events=0)}

        delete_old_logs(streams, oldest=10, limit=100)

        assert set(streams) == {"new", "empty"}

    def test_the_newest_events_of_the_newest_streams_are_kept(self):
        streams = {"a": self.stream(1, events=3), "b": self.stream(2, events=3), "c": self.stream(3, events=3)}

        delete_old_logs(streams, oldest=0, limit=4)

        assert {name: stream["events"] for name, stream in streams.items()} == {"b": [2], "c": [0, 1, 2]}

    def test_only_old_executions_lose_their_history(self):
        executions = [{"stopDate": day, "events": [1]} for day in ("2026-01-02", "2026-01-01")]
        running = {"stopDate": None, "events": [1]}

        delete_old_histories([*executions, running], kept=1)

        assert [execution["events"] for execution in [*executions, running]] == [[1], [], [1]]
