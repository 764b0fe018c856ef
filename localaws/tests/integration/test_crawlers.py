"""The catalog after a crawl, and queries of the crawled files by Athena."""

import json

import pytest

CONFIGURATION = {
    "Version": 1,
    "Grouping": {"TableGroupingPolicy": "CombineCompatibleSchemas", "TableLevelConfiguration": 3},
    "CrawlerOutput": {"Partitions": {"AddOrUpdateBehavior": "InheritFromTable"}},
}

pytestmark = pytest.mark.integration


@pytest.fixture
def crawl(lake, eventually):
    """Crawl two datasets once, with the crawler of terraform/modules/catalog."""
    glue, name = lake.glue, lake.database
    targets = [
        {"Path": f"s3://{lake.bucket}/incoming/{dataset}/", "Exclusions": ["replay/**"]}
        for dataset in ("transactions", "reviews", "vendors")
    ]
    glue.create_crawler(
        Name=name,
        Role="arn:aws:iam::000000000000:role/test",
        DatabaseName=name,
        Targets={"S3Targets": targets},
        Configuration=json.dumps(CONFIGURATION),
    )

    def once():
        glue.start_crawler(Name=name)
        eventually(lambda: glue.get_crawler(Name=name)["Crawler"]["State"] == "READY")
        last = glue.get_crawler(Name=name)["Crawler"]["LastCrawl"]
        assert last["Status"] == "SUCCEEDED", last

    return once


@pytest.fixture
def tables(lake):
    def named():
        found = lake.glue.get_tables(DatabaseName=lake.database)["TableList"]
        return {table["Name"]: table for table in found}

    return named


def test_every_prefix_is_a_table_that_athena_reads_by_partition(lake, crawl, tables):
    lake.put("incoming/transactions/dt=2026-01-01/a.csv", "order_id,quantity\nA1,3\nA2,1\n")
    lake.put("incoming/transactions/dt=2026-01-02/b.csv", "order_id,quantity\nB1,5\n")
    lake.put("incoming/reviews/r.jsonl", '{"review_id": "R1", "stars": 5}\n')
    lake.put("incoming/elsewhere/x.csv", "a\n1\n")

    crawl()

    assert set(tables()) == {"transactions", "reviews"}
    assert lake.rows("select dt, sum(quantity) from transactions group by dt order by dt") == [
        ("2026-01-01", "4"),
        ("2026-01-02", "5"),
    ]
    assert lake.rows("select order_id from transactions where dt = '2026-01-02'") == [("B1",)]
    assert lake.rows("show partitions transactions") == [("dt=2026-01-01",), ("dt=2026-01-02",)]
    assert lake.rows("select stars from reviews where review_id = 'R1'") == [("5",)]


def test_a_partition_is_readable_when_a_crawl_has_found_it(lake, crawl):
    lake.put("incoming/reviews/dt=2026-01-01/a.jsonl", '{"review_id": "R1"}\n')
    crawl()
    lake.put("incoming/reviews/dt=2026-01-02/b.jsonl", '{"review_id": "R2", "stars": 4}\n')

    before = lake.rows("select review_id from reviews order by 1")
    crawl()

    assert before == [("R1",)]
    assert lake.rows("select review_id, stars, dt from reviews order by 1") == [
        ("R1", None, "2026-01-01"),
        ("R2", "4", "2026-01-02"),
    ]


def test_old_partitions_get_the_columns_of_their_table(lake, crawl):
    lake.put("incoming/reviews/dt=2026-01-01/a.jsonl", '{"review_id": "R1"}\n')
    crawl()
    lake.put("incoming/reviews/dt=2026-01-02/b.jsonl", '{"review_id": "R2", "stars": 4}\n')

    crawl()

    partitions = lake.glue.get_partitions(DatabaseName=lake.database, TableName="reviews")["Partitions"]
    columns = {
        tuple(one["Values"]): [column["Name"] for column in one["StorageDescriptor"]["Columns"]] for one in partitions
    }
    assert columns == {("2026-01-01",): ["review_id", "stars"], ("2026-01-02",): ["review_id", "stars"]}


def test_excluded_prefixes_are_not_crawled(lake, crawl, tables):
    lake.put("incoming/reviews/dt=2026-01-01/a.jsonl", '{"review_id": "R1"}\n')
    lake.put("incoming/reviews/replay/x.jsonl", '{"review_id": "R1"}\n')

    crawl()

    assert tables()["reviews"]["PartitionKeys"] == [{"Name": "dt", "Type": "string"}]
    assert lake.rows("select count(*) from reviews") == [("1",)]


def test_a_crawl_leaves_iceberg_tables_as_they_are(lake, crawl, tables):
    lake.create("reviews", "review_id string, stars int")
    lake.run("insert into reviews values ('KEPT', 1)")
    stored = tables()["reviews"]
    lake.put("incoming/reviews/a.jsonl", '{"review_id": "R1", "stars": 5}\n')

    crawl()

    assert tables()["reviews"] == stored
    assert lake.rows("select review_id, stars from reviews") == [("KEPT", "1")]
    [other] = set(tables()) - {"reviews"}
    assert lake.rows(f"select review_id from {other}") == [("R1",)]
    crawl()
    assert set(tables()) == {"reviews", other}


def test_quoted_csv_is_read_by_the_serde_of_a_custom_classifier(lake, crawl, tables):
    lake.glue.create_classifier(
        CsvClassifier={
            "Name": lake.database,
            "ContainsHeader": "PRESENT",
            "Delimiter": ",",
            "QuoteSymbol": '"',
            "Serde": "OpenCSVSerDe",
        }
    )
    lake.glue.update_crawler(Name=lake.database, Classifiers=[lake.database])
    lake.put("incoming/vendors/a.csv", 'vendor_id,name,days\nV1,"Doe, Inc",7\nV2,Roe,\n')

    crawl()

    assert tables()["vendors"]["StorageDescriptor"]["SerdeInfo"]["SerializationLibrary"].endswith("OpenCSVSerde")
    assert lake.rows("select vendor_id, name, days from vendors order by 1") == [
        ("V1", "Doe, Inc", "7"),
        ("V2", "Roe", ""),
    ]


def test_a_crawler_whose_classifier_is_gone_fails_and_names_it(lake, crawl):
    lake.glue.update_crawler(Name=lake.database, Classifiers=["gone"])
    lake.put("incoming/vendors/a.csv", "vendor_id\nV1\n")

    with pytest.raises(AssertionError, match="Classifier gone not found"):
        crawl()
