"""`lake crawl` against a Glue that is slow, fails, or is running already."""

import json
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from cartlake_cli import main
from cartlake_cli.commands.tables import crawl as crawl_command
from cartlake_cli.context import Lake
from cartlake_cli.errors import CommandError, NotFoundError
from cartlake_cli.operations.raw_files.crawls import Crawl, CrawlError


class RunningError(Exception):
    pass


class Glue:
    """A crawler that a pause brings one step on; `crawls` are what its crawls will find, in order."""

    exceptions = SimpleNamespace(CrawlerRunningException=RunningError)

    def __init__(self, crawls, status="SUCCEEDED", busy=0, late=0):
        self.crawls, self.status, self.busy, self.late = list(crawls), status, busy, late
        self.tables, self.last, self.started, self.waited = {}, {}, 0, 0

    def start_crawler(self, **_):
        if self.busy:
            raise RunningError
        self.busy, self.started = 2, self.started + 1

    def get_crawler(self, **_):
        state = "RUNNING" if self.busy and not self.late else "READY"
        return {"Crawler": {"State": state, "LastCrawl": self.last}}

    def pause(self, _seconds):
        self.waited += 1
        if self.late:
            self.late -= 1
        elif self.busy:
            self.busy -= 1
            if not self.busy:
                self.end()

    def end(self):
        self.tables = self.crawls.pop(0) if self.crawls else self.tables
        self.last = {"Status": self.status, "StartTime": self.waited, "ErrorMessage": "no such bucket"}
        self.last |= {"LogGroup": "/aws-glue/crawlers", "LogStream": "raw"}

    def get_paginator(self, name):
        return SimpleNamespace(paginate=lambda **asked: [getattr(self, name)(**asked)])

    def get_tables(self, **_):
        return {"TableList": [*(table for table, _ in self.tables.values()), {"Name": "not_crawled", "Parameters": {}}]}

    def get_partitions(self, **asked):
        return {"Partitions": [{"Values": values} for values in self.tables[asked["TableName"]][1]]}


def found(name, *days, folder=None, keys=("dt",)):
    table = {
        "Name": name,
        "Parameters": {"UPDATED_BY_CRAWLER": "raw", "classification": "csv", "objectCount": "3"},
        "PartitionKeys": [{"Name": key, "Type": "string"} for key in keys],
        "StorageDescriptor": {
            "Location": f"s3://raw-bucket/incoming/{folder or name}/",
            "Columns": [{"Name": "order_id", "Type": "string"}],
        },
    }
    return {name: (table, [[day] for day in days])}


def crawl_of(glue):
    return Crawl(glue, "raw", glue.pause, lambda: glue.waited)


def test_a_crawl_is_awaited():
    glue = Glue([found("reviews", "1")])

    crawl_of(glue).run(10)

    assert (glue.started, glue.tables) == (1, found("reviews", "1"))


def test_after_a_crawl_at_work_comes_one_that_sees_every_file():
    glue = Glue([{}, found("reviews", "1")], busy=2)
    glue.last = {"Status": "SUCCEEDED", "StartTime": -1}

    crawl_of(glue).run(20)

    assert (glue.started, set(glue.tables)) == (1, {"reviews"})


def test_a_crawler_that_still_rests_after_its_start_has_not_crawled():
    glue = Glue([found("reviews", "1")], late=3)
    glue.last = {"Status": "SUCCEEDED", "StartTime": -1}

    crawl_of(glue).run(20)

    assert set(glue.tables) == {"reviews"}


def test_a_failed_crawl_says_what_glue_says():
    with pytest.raises(CrawlError, match=r"ended FAILED: no such bucket.*/aws-glue/crawlers"):
        crawl_of(Glue([{}], status="FAILED")).run(10)


def test_waiting_for_a_crawl_ends_with_an_error():
    glue = Glue([{}], late=1000)

    with pytest.raises(CrawlError, match="still running"):
        crawl_of(glue).run(10)


@pytest.fixture
def crawling(monkeypatch):
    """Type `lake crawl` against a Glue."""
    outputs = SimpleNamespace(databases={"raw": "dev_raw"}, buckets={"raw": "raw-bucket"}, crawlers={"raw": "raw"})
    monkeypatch.setattr(Lake, "outputs", outputs)

    def run(glue, *arguments, **options):
        monkeypatch.setattr(Lake, "client", lambda _lake, _service: glue)
        monkeypatch.setattr(crawl_command, "Crawl", lambda *_: crawl_of(glue))
        return CliRunner().invoke(main.app, ["crawl", *arguments], **options)

    return run


def test_tables_and_partitions_are_shown_and_the_new_ones_counted(crawling):
    glue = Glue([found("reviews", "2026-01-01", "2026-01-02") | found("transactions", keys=())])
    glue.tables = found("reviews", "2026-01-01")

    rows = json.loads(crawling(glue, "--json").stdout)

    assert [(row["dataset"], row["table"], row["partitions"], row["new_partitions"]) for row in rows] == [
        ("reviews", "dev_raw.reviews", ["dt=2026-01-01", "dt=2026-01-02"], 1),
        ("transactions", "dev_raw.transactions", [], 0),
    ]
    assert (rows[0]["format"], rows[0]["columns"], rows[0]["files"]) == ("csv", {"order_id": "string"}, 3)
    assert [row["partitioned_by"] for row in rows] == ["dt", None]


def test_a_dataset_shows_its_own_tables_only(crawling):
    other_format = found("reviews_json", folder="reviews", keys=())
    glue = Glue([found("reviews", "1") | other_format | found("transactions", "1")])

    rows = json.loads(crawling(glue, "reviews", "--json").stdout)

    assert [row["name"] for row in rows] == ["reviews", "reviews_json"]


def test_people_get_a_table_and_a_query_to_try(crawling):
    result = crawling(Glue([found("reviews", "1", "2")]), env={"COLUMNS": "140"})

    assert "dev_raw.reviews" in result.stdout
    assert "SQL over dev_raw.reviews" in result.stderr


def test_a_dataset_without_files_has_no_table(crawling):
    result = crawling(Glue([found("transactions", "1")]), "reviews")

    assert isinstance(result.exception, CommandError)
    assert "s3://raw-bucket/incoming/reviews/" in str(result.exception)


def test_an_unknown_dataset_is_not_crawled(crawling):
    glue = Glue([])

    result = crawling(glue, "revieuws")

    assert isinstance(result.exception, NotFoundError)
    assert glue.started == 0
