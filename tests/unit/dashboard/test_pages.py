"""The pages in a real browser: every mark is what SQL says of the tables, in every state, for every reader."""

import csv
import io
import json
import re
import shutil
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from cartlake import contracts
from cartlake_cli.dashboard.serving import EXPLORE_POLICY, POLICY
from tests.browser import ROOT, Site, bars, browser, cells, figures, series, show
from tests.unit.dashboard.marts import LAST_DAY, NOW

PAGES = ("sales", "funnel", "customers", "products", "trust")
MONTH = "where order_date > date '2026-10-31'"
SERIOUS = {"serious", "critical"}
SALES = (
    "select sum(net_reporting), sum(orders), sum(margin_reporting), sum(returned_reporting), sum(discount_reporting) "
    "from stored.sales_daily where order_date between date '{}' and date '{}'"
)


@pytest.fixture(scope="module")
def chrome():
    with browser() as opened:
        yield opened


@pytest.fixture
def site(tiles):
    made = Site(tiles)
    yield made
    made.close()


@pytest.fixture
def page(chrome):
    """A page of a reader in Britain, on the day the tiles were written; what goes wrong in it fails the test."""
    context = chrome.new_context(locale="en-GB", viewport={"width": 1280, "height": 900})
    opened, faults = context.new_page(), []
    opened.clock.set_fixed_time(NOW + timedelta(hours=2))
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on("console", lambda said: faults.append(said.text) if "Content Security" in said.text else None)
    yield opened
    context.close()
    assert faults == []


def one(source, sql):
    [row] = source.session.rows(sql)
    return row


def cents(amount):
    return str(int(Decimal(amount) * 100))


def test_sales_of_four_weeks_are_those_of_the_table(page, site, source):
    show(page, f"{site.url}#/sales")

    net, orders, margin, returned, discounts = one(source, SALES.format("2026-11-01", "2026-11-28"))
    [before, *_] = one(source, SALES.format("2026-10-04", "2026-10-31"))
    shown = figures(page)
    assert (shown["Net sales"], shown["Margin"], shown["Returned"]) == (cents(net), cents(margin), cents(returned))
    assert (shown["Orders"], shown["Discounts"]) == (str(orders), cents(discounts))
    assert page.inner_text('.kpi[aria-label="Net sales"] .figure') == f"€{net:,.2f}"
    assert f"{float(net / before - 1):+.1%}" in page.inner_text('.kpi[aria-label="Net sales"] .delta')
    average = int((2 * net * 100 + orders) // (2 * orders))  # half away from zero, as the lake rounds
    assert shown["Average order"] == str(average)


def test_amounts_are_in_the_currency_that_the_tiles_name(page, tiles, source, tmp_path):
    shutil.copytree(tiles / "tiles", tmp_path / "tiles")
    index = json.loads((tiles / "tiles/index.json").read_text())
    (tmp_path / "tiles/index.json").write_text(json.dumps({**index, "currency": "USD"}))
    site = Site(tmp_path)
    show(page, f"{site.url}#/sales")

    [net, *_] = one(source, SALES.format("2026-11-01", "2026-11-28"))
    assert page.inner_text('.kpi[aria-label="Net sales"] .figure') == f"US${net:,.2f}"
    assert "Amounts in USD." in page.inner_text("#foot")
    assert "€" not in page.inner_text("body")
    site.close()


def test_the_bars_of_the_sales_chart_are_as_long_as_the_days_were_good(page, site, source):
    show(page, f"{site.url}#/sales")

    days = source.session.rows(
        f"select order_date, sum(net_reporting) from stored.sales_daily {MONTH} group by 1 order by 1"
    )
    drawn = series(page, "Net sales")
    before = source.session.rows(
        "select order_date, sum(net_reporting) from stored.sales_daily where order_date between date '2026-10-04' and "
        "date '2026-10-31' group by 1 order by 1"
    )
    assert drawn["Net sales"] == [int(net * 100) for _, net in days]
    assert drawn["Last period"] == [int(net * 100) for _, net in before]
    heights = bars(page, "Net sales", "#1f7a8c")
    assert len(heights) == len(days) == 28
    scale = heights[0] / float(days[0][1])
    assert heights == pytest.approx([float(net) * scale for _, net in days], abs=1.5)


@pytest.mark.parametrize(
    ("grain", "sql"),
    [
        ("week", "date_trunc('week', order_date)"),
        ("month", "date_trunc('month', order_date)"),
    ],
)
def test_weeks_and_months_are_those_of_the_lake(page, site, source, grain, sql):
    show(page, f"{site.url}#/sales?grain={grain}")

    shown = {"week": 13, "month": 6}[grain]
    expected = source.session.rows(
        f"select cast({sql} as date) as start, sum(net_reporting), sum(orders), sum(units) from stored.sales_daily "
        f"group by 1 order by 1 desc limit {shown}"
    )
    assert series(page, "Net sales")["Net sales"] == [int(row[1] * 100) for row in reversed(expected)]
    caption = f"Sales by {grain}"
    assert cells(page, caption, "start") == [str(row[0]) for row in expected]
    assert cells(page, caption, "net") == [cents(row[1]) for row in expected]
    assert cells(page, caption, "orders") == [str(row[2]) for row in expected]
    assert cells(page, caption, "units") == [str(row[3]) for row in expected]


def test_filters_are_in_the_address_and_hold_for_every_number(page, site, source):
    show(page, f"{site.url}#/sales")

    page.select_option("select[name=channel]", "app")
    page.focus("select[name=country]")
    page.select_option("select[name=country]", "DE")
    [net] = one(
        source,
        f"select sum(net_reporting) from stored.sales_daily {MONTH} and channel = 'app' and country_code = 'DE'",
    )
    assert figures(page)["Net sales"] == cents(net)
    assert page.url.endswith("#/sales?channel=app&country=DE")
    assert page.evaluate("document.activeElement.name") == "country"
    show(page, page.url)
    assert figures(page)["Net sales"] == cents(net)


def test_breakdowns_add_up_to_the_whole(page, site, source):
    show(page, f"{site.url}#/sales")

    for chart, column in (("By channel", "channel"), ("By country", "country_code")):
        expected = source.session.rows(
            f"select {column}, sum(net_reporting), sum(margin_reporting) from stored.sales_daily {MONTH} "
            "group by 1 order by 2 desc"
        )
        drawn = series(page, chart)
        assert drawn["Net sales"] == [int(row[1] * 100) for row in expected]
        assert drawn["Margin"] == [int(row[2] * 100) for row in expected]


def test_the_funnel_counts_the_sessions_of_the_table(page, site, source):
    show(page, f"{site.url}#/funnel?device=mobile&days=91")

    expected = one(
        source,
        "select sum(sessions), sum(reached_product_view), sum(reached_add_to_cart), sum(reached_checkout), "
        f"sum(reached_purchase) from stored.conversion_funnel where device = 'mobile' and "
        f"session_date > date '{LAST_DAY - timedelta(days=91)}'",
    )
    by_channel = source.session.rows(
        "select channel, sum(sessions), sum(reached_purchase) from stored.conversion_funnel where device = 'mobile' "
        f"and session_date > date '{LAST_DAY - timedelta(days=91)}' group by 1 order by 2 desc"
    )
    assert series(page, "Steps")["Sessions"] == [int(number) for number in expected]
    assert figures(page)["Purchases"] == str(expected[-1])
    assert float(figures(page)["Conversion"]) == pytest.approx(float(expected[-1]) / float(expected[0]))
    assert cells(page, "By channel", "part") == [row[0] for row in by_channel]
    assert cells(page, "By channel", "sessions") == [str(row[1]) for row in by_channel]
    assert cells(page, "By channel", "purchases") == [str(row[2]) for row in by_channel]


def test_customers_cohorts_and_lifetime_value_are_those_of_the_tables(page, site, source):
    show(page, f"{site.url}#/customers")

    customers, revenue, again = one(
        source,
        "select count(*), sum(revenue_reporting), count(*) filter (where repeat_orders > 0) from stored.customer_ltv",
    )
    shown = figures(page)
    assert (shown["Customers"], shown["Revenue"]) == (str(customers), cents(revenue))
    assert float(shown["Bought again"]) == pytest.approx(again / customers)
    scored = "select recency_score, frequency_score, count(*) from stored.customer_segments group by 1, 2"
    grid = {(recency, frequency): number for recency, frequency, number in source.session.rows(scored)}
    expected = [str(grid.get((recency, frequency), 0)) for frequency in (5, 4, 3, 2, 1) for recency in (1, 2, 3, 4, 5)]
    assert page.eval_on_selector_all(".map td", "(all) => all.map((one) => one.dataset.value)") == expected
    retained = source.session.rows(
        "select active_customers / customers from stored.cohort_retention where months_since > 0 "
        "order by cohort_month, months_since"
    )
    held = "(all) => all.map((one) => one.dataset.value).filter((value) => value !== '')"
    found = page.eval_on_selector_all('[aria-label="Cohorts"] td.number', held)
    assert [float(value) for value in found] == pytest.approx([rate for [rate] in retained])
    assert sum(series(page, "Lifetime value")["Customers"]) == customers


def test_products_and_categories_are_those_of_the_month(page, site, source):
    show(page, f"{site.url}#/products?month=2026-10-01")

    month = "from stored.product_performance where month_start = date '2026-10-01'"
    net, units, returned, margin, cost = one(
        source,
        "select sum(net_reporting), sum(units), sum(returned_units), sum(margin_reporting), sum(cost_reporting) "
        + month,
    )
    shown = figures(page)
    assert (shown["Net sales"], shown["Units"], shown["Margin"]) == (cents(net), str(units), cents(margin))
    assert float(shown["Return rate"]) == pytest.approx(float(returned) / float(units))
    assert float(shown["Margin share"]) == pytest.approx(float(margin) / float(margin + cost))
    assert sum(series(page, "Categories")["Net sales"]) == int(net * 100)
    best = source.session.rows(f"select net_reporting {month} order by revenue_rank limit 50")
    assert cells(page, "Products that sold most", "net") == [cents(row[0]) for row in best]


def test_trust_adds_up_every_row_that_was_read(page, site, source):
    show(page, f"{site.url}#/trust")

    published, duplicate, quarantined, read = one(
        source, "select sum(published), sum(duplicate), sum(quarantined), sum(rows_read) from ledger.runs"
    )
    drawn = series(page, "Rows")
    assert sum(drawn["Published"]) == published
    assert sum(drawn["Duplicate"]) + sum(drawn["Quarantined"]) == duplicate + quarantined
    assert float(figures(page)["Rows refused"]) == pytest.approx(float(quarantined / read))
    loads, failed, cost = one(
        source,
        "select count(*) filter (where rows_read = published + quarantined + duplicate), "
        "count(*) filter (where state = 'FAILED'), sum(cost_usd) from ledger.runs",
    )
    shown = figures(page)
    assert (shown["Runs that add up"], shown["Failed runs"]) == (str(loads), str(failed))
    assert float(shown["Cost of runs"]) == pytest.approx(cost)
    by_rule = source.session.rows(
        "select dataset || ': ' || rule, count(*) - count(replayed_at) from stored.quarantine_rows "
        "cross join unnest(reasons) as broken (rule) group by dataset, rule order by count(*) desc"
    )
    rules = series(page, "Quarantine by rule")
    assert dict(zip(rules["categories"], rules["Waiting"], strict=True)) == dict(by_rule)
    assert shown["Stale tables"] == "1"


def test_a_run_that_does_not_add_up_says_how_many_rows_are_missing(page, site, tiles, tmp_path):
    changed = copied(tiles, tmp_path)
    runs = json.loads((changed / "tiles/runs.json").read_text())
    place = next(number for number, read in enumerate(runs["columns"]["rows_read"]) if read is not None)
    runs["columns"]["rows_read"][place] += 7
    (changed / "tiles/runs.json").write_text(json.dumps(runs))
    site.tiles = changed

    show(page, f"{site.url}#/trust")

    assert page.locator("td[data-column=balance][data-value='7']").inner_text() == "7 missing"


def copied(tiles: Path, folder: Path) -> Path:
    (folder / "tiles").mkdir(parents=True)
    for file in (tiles / "tiles").iterdir():
        (folder / "tiles" / file.name).write_bytes(file.read_bytes())
    return folder


def test_a_number_says_where_it_comes_from(page, site, source):
    show(page, f"{site.url}#/sales")

    page.click('.kpi[aria-label="Margin"] .why')

    said = page.inner_text("dialog")
    assert f"curated.sales_daily · contract {contracts.load('sales_daily').version}" in said
    assert source.sources["curated.sales_daily"].snapshot_id in said
    assert "built from processed.order_lines" in said
    assert "lake query monthly_sales" in said
    assert "docs/definitions.md#orders-and-sales" in said
    assert "sum(net_reporting) as net" in said
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.ariaLabel") == "Where Margin comes from"


def test_a_table_downloads_as_csv_with_exact_amounts(page, site, source):
    show(page, f"{site.url}#/sales?grain=month")

    with page.expect_download() as started:
        page.click('[aria-label="Download sales as CSV"]')

    text = Path(started.value.path()).read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    [net] = one(source, "select sum(net_reporting) from stored.sales_daily where order_date >= date '2026-06-01'")
    assert started.value.suggested_filename == "sales.csv"
    assert sum(Decimal(row["Net sales"]) for row in rows) == net


def test_a_text_that_a_spreadsheet_would_run_is_guarded(page, site):
    show(page, f"{site.url}#/sales")

    text = page.evaluate(
        """async () => (await import('./view.js')).csv([{key: 'a', label: 'A'}, {key: 'b', label: 'B', unit: 'cents'}],
            [{a: '=HYPERLINK("x")', b: -5}, {a: 'one, "two"', b: null}])"""
    )

    assert list(csv.reader(io.StringIO(text.lstrip("\ufeff")))) == [
        *(["A", "B"], ['\'=HYPERLINK("x")', "-0.05"], ['one, "two"', ""]),
    ]


@pytest.mark.parametrize(
    ("state", "shown", "heading"),
    [
        ("forbidden", "forbidden", "You may not see these numbers"),
        ("gone", "missing", "No numbers yet"),
    ],
)
def test_a_page_without_tiles_says_why(page, site, state, shown, heading):
    site.state = state

    page.goto(f"{site.url}#/sales")
    page.wait_for_selector(f"main[data-state={shown}]")

    assert heading in page.inner_text("main")
    site.state = "there"
    page.click("button >> text=Try again")
    page.wait_for_selector("main[data-state=ready]")


def test_a_tile_that_is_no_json_and_a_server_that_is_gone_are_failures(page, site, tiles, tmp_path):
    site.tiles = copied(tiles, tmp_path)
    (site.tiles / "tiles/sales.json").write_text("<html>")

    page.goto(f"{site.url}#/sales")
    page.wait_for_selector("main[data-state=failed]")

    assert "tiles/sales.json is not readable" in page.inner_text("main")
    page.route("**/tiles/*", lambda route: route.abort())
    page.click("button >> text=Try again")
    page.wait_for_selector("main[data-state=failed] >> text=could not be fetched")


def test_a_page_without_rows_says_what_to_do(page, site, tiles, tmp_path):
    site.tiles = copied(tiles, tmp_path)
    sales = json.loads((site.tiles / "tiles/sales.json").read_text())
    empty = {**sales, "rows": 0, "columns": {name: [] for name in sales["columns"]}}
    (site.tiles / "tiles/sales.json").write_text(json.dumps(empty))

    page.goto(f"{site.url}#/sales")
    page.wait_for_selector("main[data-state=ready]")

    assert "lake drop" in page.inner_text("main")


def test_numbers_older_than_promised_say_so(page, site):
    page.clock.set_fixed_time(NOW + timedelta(hours=48))
    show(page, f"{site.url}#/sales")

    assert "As of 29 Nov 2026, 14:02, older than promised." in page.inner_text(".notice.late")
    page.clock.set_fixed_time(NOW + timedelta(hours=46))
    show(page, f"{site.url}#/sales")
    assert page.locator(".notice.late").count() == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_assistive_technology_finds_nothing_serious(page, site, name, theme):
    page.emulate_media(color_scheme=theme)
    show(page, f"{site.url}#/{name}")

    found = Axe().run(page).response["violations"]

    assert [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in SERIOUS] == []


@pytest.mark.parametrize("name", PAGES)
def test_a_phone_shows_every_page_without_scrolling_sideways(page, site, name):
    page.set_viewport_size({"width": 390, "height": 844})
    show(page, f"{site.url}#/{name}")

    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_everything_is_reached_by_keyboard(page, site):
    show(page, f"{site.url}#/sales")
    reached = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.textContent.trim() + document.activeElement.tagName"))

    assert {"Skip to the numbersA", "FunnelA", "DarkBUTTON", "WeekBUTTON", "SourceBUTTON", "CSVBUTTON"} <= reached


def test_numbers_are_written_as_the_reader_writes_them(chrome, site, source):
    german = chrome.new_context(locale="de-DE").new_page()
    show(german, f"{site.url}#/sales")
    [net, *_] = one(source, SALES.format("2026-11-01", "2026-11-28"))

    text = german.inner_text('.kpi[aria-label="Net sales"] .figure')

    assert text == f"{net:,.2f}\N{NO-BREAK SPACE}€".translate(str.maketrans(",.", ".,"))
    german.context.close()


@pytest.mark.parametrize("query", ["?locale=%21%21", "?locale=", "?locale=xx-unknown"])
def test_a_locale_that_there_is_not_is_no_fault(page, site, query):
    show(page, f"{site.url}{query}#/sales?grain=century&channel=nowhere")

    assert figures(page)["Net sales"] == "0"
    assert page.inner_text('.kpi[aria-label="Average order"] .figure') == "\N{EN DASH}"


def test_a_tab_that_was_left_open_shows_what_was_written_meanwhile(page, site, tiles, tmp_path):
    site.tiles = copied(tiles, tmp_path)
    show(page, f"{site.url}#/sales")
    before = figures(page)["Net sales"]
    sales = json.loads((site.tiles / "tiles/sales.json").read_text())
    sales["columns"]["net"][-1] += 100
    (site.tiles / "tiles/sales.json").write_text(json.dumps(sales))

    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    assert figures(page)["Net sales"] == before
    page.clock.set_fixed_time(NOW + timedelta(hours=3))
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    page.wait_for_selector(f".kpi[aria-label='Net sales'] data[value='{int(before) + 100}']")


def test_texts_of_the_data_are_never_markup(page, site, tiles, tmp_path):
    site.tiles = copied(tiles, tmp_path)
    products = json.loads((site.tiles / "tiles/products.json").read_text())
    products["columns"]["product"] = ["<img src=x onerror=alert(1)>"] * products["rows"]
    (site.tiles / "tiles/products.json").write_text(json.dumps(products))

    show(page, f"{site.url}#/products")

    assert page.locator("main img").count() == 0
    assert page.inner_text("[data-column=product] >> nth=0") == "<img src=x onerror=alert(1)>"


def test_a_print_is_of_numbers_and_not_of_buttons(page, site):
    show(page, f"{site.url}#/sales")
    page.emulate_media(media="print")

    assert not page.is_visible("nav")
    assert not page.is_visible("[aria-label='Download sales as CSV']")
    assert page.is_visible(".figure >> nth=0")
    assert page.evaluate("getComputedStyle(document.querySelector('.scroll')).overflow") == "visible"


def test_a_page_view_asks_for_its_files_and_tiles_alone(page, site):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    show(page, f"{site.url}#/sales")

    assert {re.sub(r"\?.*", "", url).removeprefix(site.url) for url in asked if url.startswith("http")} == {
        *("", "app.js", "chart.js", "data.js", "early.js", "format.js", "icon.svg", "styles.css"),
        *("theme.js", "view.js"),
        *(f"pages/{name}.js" for name in PAGES),
        *("tiles/index.json", "tiles/sales.json", "vendor/echarts-6.1.0.min.js"),
    }


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        *[("203.0.113.7", True), ("203.0.114.1", False), ("198.51.100.7", True), ("198.51.100.8", False)],
        *[("2001:db8::1", False), ("255.255.255.255", False), ("10.255.255.255", True)],
    ],
)
def test_cloudfront_answers_to_known_addresses_alone(page, address, allowed):
    source = (ROOT / "terraform/modules/dashboard/allow.js.tftpl").read_text()
    code = source.replace("${cidrs}", json.dumps(["203.0.113.0/24", "198.51.100.7/32", "10.0.0.0/8"]))

    answer = page.evaluate(f"(ip) => {{ {code}; return handler({{viewer: {{ip}}, request: {{uri: '/'}}}}) }}", address)

    assert answer == ({"uri": "/"} if allowed else {"statusCode": 403, "statusDescription": "Forbidden"})


def test_cloudfront_sends_the_headers_that_the_pages_are_tested_with():
    sent = (ROOT / "terraform/modules/dashboard/main.tf").read_text()

    assert re.findall(r'csp = "(.+?)"', sent) == [POLICY, EXPLORE_POLICY]
