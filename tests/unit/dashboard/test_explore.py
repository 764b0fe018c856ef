"""Explore in a real browser: DuckDB answers there what the lake's SQL does, and nothing leaves the page's origin."""

import csv
import io
import json
from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from cartlake_cli.dashboard.engine import EngineError, fetch_engine, read_lock
from tests.browser import ROOT, Site, browser
from tests.unit.dashboard.marts import NOW, write_explore

SERIOUS = {"serious", "critical"}


@pytest.fixture(scope="module")
def engine():
    """The folder of the engine, downloaded once into the cache of the checkout."""
    try:
        return fetch_engine(read_lock(ROOT / "dashboard"), ROOT / ".cache")
    except EngineError as error:
        pytest.skip(f"the page Explore is not tested: {error}")


@pytest.fixture(scope="module")
def bucket(tiles, source, tmp_path_factory):
    """A folder as the tile writer leaves it in the bucket, with the files of Explore."""
    folder = tmp_path_factory.mktemp("explored")
    (folder / "tiles").mkdir()
    (folder / "tiles/index.json").write_bytes((tiles / "tiles/index.json").read_bytes())
    write_explore(source, folder / "tiles/explore")
    return folder


@pytest.fixture(scope="module")
def site(bucket, engine):
    made = Site(bucket, lambda name: (engine / f"{name}.gz").read_bytes())
    yield made
    made.close()


@pytest.fixture(scope="module")
def chrome():
    with browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def page(chrome, site):
    """One page for all tests, because the engine takes seconds to start; what goes wrong in it fails them."""
    context = chrome.new_context(locale="en-GB", viewport={"width": 1280, "height": 900})
    opened, faults = context.new_page(), []
    opened.clock.set_fixed_time(NOW + timedelta(hours=2))
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on("console", lambda said: faults.append(said.text) if "Content Security" in said.text else None)
    opened.on(
        "request", lambda asked: faults.append(asked.url) if not asked.url.startswith((site.url, "blob:")) else None
    )
    opened.goto(f"{site.url}explore.html")
    wait(opened, "idle")
    yield opened
    context.close()
    assert faults == []


def wait(page, state):
    page.wait_for_selector(f"#result[data-state={state}]", state="attached")


def text(value):
    """A value as DuckDB writes it; the page shows null as an empty cell value."""
    return {True: "true", False: "false", None: ""}.get(value) or str(value)


def answer(page, sql, state="done"):
    """Type a query, run it by keyboard and return the cells of its rows."""
    page.fill("#sql", sql)
    page.press("#sql", "Control+Enter")
    wait(page, state)
    return page.eval_on_selector_all(
        "#result tbody tr", "(rows) => rows.map((row) => [...row.children].map((cell) => cell.dataset.value))"
    )


def test_sums_are_those_of_the_lake(page, source):
    sql = (
        "select channel, count(*), sum(net_reporting), min(order_date), max(_updated_at) from {} group by 1 order by 1"
    )
    expected = source.session.rows(
        sql.format("stored.sales_daily").replace("max(_updated_at)", "max(_updated_at)::timestamp")
    )

    found = answer(page, sql.format("sales_daily"))

    assert found == [[text(value) for value in row] for row in expected]
    assert len(found) == 3


def test_every_file_has_the_rows_and_values_of_its_table(page, bucket, source):
    """Every value of every file, as texts: decimals, dates, times, flags and nulls."""
    for one in json.loads((bucket / "tiles/explore/index.json").read_text())["tables"]:
        names = [column["name"] for column in one["columns"]]
        values = ", ".join(f"cast(cast({column['name']} as {column['type']}) as varchar)" for column in one["columns"])
        lines = f"select concat_ws('|', {values}) as line from {one['table']}"
        as_one = f"select count(*) as rows, md5(string_agg(line, '' order by line)) as content from ({lines})"
        [expected] = source.session.rows(as_one)
        assert answer(page, as_one) == [[text(value) for value in expected]], names


def test_wide_numbers_and_nested_values_are_exact(page):
    sql = (
        "select 9007199254740993 as a, -12345678901234567890.0123456789::decimal(38,10) as b, [1, null] as c, null as d"
    )

    assert answer(page, sql) == [["9007199254740993", "-12345678901234567890.0123456789", "[1, NULL]", ""]]
    assert "number" in page.get_attribute("#result td[data-column=c1]", "class")


def test_the_first_thousand_rows_are_shown_and_all_are_downloaded(page):
    found = answer(page, "select range as n, '=' || range as text from range(2345)")

    assert (len(found), found[-1]) == (1000, ["999", "=999"])
    assert page.inner_text("#said").startswith("2,345 rows in ")
    assert page.inner_text("#said").endswith("The first 1,000 are shown.")
    with page.expect_download() as started:
        page.click("[aria-label='Download all rows as CSV']")
    rows = list(csv.reader(io.StringIO(Path(started.value.path()).read_text(encoding="utf-8-sig"))))
    assert (len(rows), rows[0], rows[-1]) == (2346, ["n", "text"], ["2344", "'=2344"])


def test_a_fault_is_shown_in_the_words_of_duckdb(page):
    answer(page, "select\n  nothing_of_it\nfrom sales_daily", "error")

    said = page.inner_text("#result [role=alert]")
    assert 'Referenced column "nothing_of_it" not found' in said
    assert "LINE 2:" in said
    assert answer(page, "select 1 as one") == [["1"]]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("select 1; select 2", "multiple statements"),
        ("select * from 'https://example.com/x.csv'", "disabled"),
        ("select * from read_parquet('https://example.com/x.parquet')", "read_parquet"),
        ("select to_json(1)", "to_json"),
        ("set enable_external_access = true", "syntax error"),
    ],
)
def test_what_would_leave_the_page_is_refused(page, sql, message):
    answer(page, sql, "error")

    assert message in page.inner_text("#result [role=alert]")
    assert answer(page, "select 1 as one") == [["1"]]


def test_statements_about_tables_are_queries_too(page):
    assert ["order_date", "DATE"] in [row[:2] for row in answer(page, "-- what it has\ndescribe sales_daily;")]
    assert answer(page, "select 1 as one where false", "empty") == []
    assert page.inner_text("#result").endswith("No row. Columns: one.")


def test_every_example_is_answered(page):
    names = page.eval_on_selector_all("select[name=example] option", "(all) => all.map((one) => one.value)")
    assert len(names) > 4
    for name in names[1:]:
        page.select_option("select[name=example]", name)
        assert answer(page, page.input_value("#sql")), name


def test_the_address_holds_the_query_and_never_runs_it(page, site):
    sql = "select 'a&b=c' as text -- 100 %"
    answer(page, sql)
    address = page.url

    other = page.context.new_page()
    other.goto(address)
    other.wait_for_selector("main[data-state=ready]")

    assert other.input_value("#sql") == sql
    assert other.locator("#result table").count() == 0
    other.close()


def test_tables_say_what_they_have_and_why_others_are_not_here(page, source):
    page.click("summary:has-text('curated.sales_daily')")
    said = page.inner_text("details[open]")
    assert source.sources["curated.sales_daily"].snapshot_id in said
    assert "net_reporting decimal(18,2)" in said
    page.click("text=Not here")
    assert "golden_customer_id is part of its key" in page.inner_text("details:has-text('Not here')")
    page.click("[aria-label='First rows of curated.sales_daily']")
    wait(page, "done")
    assert page.locator("#result tbody tr").count() == 100


def test_a_query_that_takes_too_long_is_stopped(page):
    page.fill("#sql", "select count(*) from range(100000) a, range(100000) b where a.range % 7 = b.range % 11")
    page.click("text=Run")
    page.click("text=Stop")

    wait(page, "idle")
    assert answer(page, "select count(*) > 0 as some from sales_daily") == [["true"]]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_assistive_technology_finds_nothing_serious(page, theme):
    answer(page, "select * from sales_daily limit 5")
    if page.evaluate("document.documentElement.dataset.theme") != theme:
        page.click("#theme")

    found = Axe().run(page).response["violations"]

    assert [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in SERIOUS] == []


def test_a_phone_shows_it_without_scrolling_sideways(page):
    answer(page, "select * from sales_daily")
    page.set_viewport_size({"width": 390, "height": 844})

    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.set_viewport_size({"width": 1280, "height": 900})


def test_old_files_say_so(page, site):
    other = page.context.new_page()
    other.clock.set_fixed_time(NOW + timedelta(hours=200))
    other.goto(f"{site.url}explore.html")
    other.wait_for_selector("main[data-state=ready]")

    assert "Older than promised: curated." in other.inner_text(".notice.late")
    assert page.locator(".notice.late").count() == 0
    other.close()


@pytest.mark.parametrize(
    ("state", "shown", "heading"),
    [("forbidden", "forbidden", "You may not see these tables"), ("gone", "missing", "Explore is not enabled")],
)
def test_a_page_without_files_says_why(chrome, bucket, state, shown, heading):
    site, opened = Site(bucket), chrome.new_page()
    site.state = state
    opened.goto(f"{site.url}explore.html")
    opened.wait_for_selector(f"main[data-state={shown}]")

    assert heading in opened.inner_text("main")
    opened.context.close()
    site.close()


def test_a_page_without_an_engine_says_how_to_get_it(chrome, bucket):
    def read(_):
        raise EngineError("The engine of Explore could not be downloaded: put the file there.")

    site, opened = Site(bucket, read), chrome.new_page()
    opened.goto(f"{site.url}explore.html")
    opened.wait_for_selector("main[data-state=engine]")

    assert "could not be downloaded: put the file there." in opened.inner_text("main")
    opened.context.close()
    site.close()


def test_the_dashboard_links_to_it_where_it_is_enabled(chrome, tiles, tmp_path):
    index = json.loads((tiles / "tiles/index.json").read_text())
    (tmp_path / "tiles").mkdir()
    for file in (tiles / "tiles").glob("*.json"):
        (tmp_path / "tiles" / file.name).write_bytes(file.read_bytes())
    for enabled in (False, True):
        (tmp_path / "tiles/index.json").write_text(json.dumps({**index, "explore": enabled}))
        site, opened = Site(tmp_path), chrome.new_page()
        opened.goto(site.url)
        opened.wait_for_selector("main[data-state=ready]")
        assert opened.locator("nav a >> text=Explore").count() == enabled
        opened.context.close()
        site.close()


def test_the_engine_of_the_page_is_that_of_the_lock():
    script = (ROOT / "dashboard/explore/engine.js").read_text()

    lock = read_lock(ROOT / "dashboard")

    assert all(f"'engine/{name}'" in script for name in lock.files)
    assert (ROOT / f"dashboard/vendor/duckdb-{lock.version}.min.js").is_file()
