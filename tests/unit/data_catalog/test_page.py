"""Parts of the page that need no transforms: words of contracts, and figures of a deployed lake."""

import pytest

from data_catalog.checks import faults_of
from data_catalog.live import Live, RunRow, TableStatus
from data_catalog.page import page, prose
from data_catalog.usage import TableRun, Usage
from tests.unit.data_catalog.test_checks import CATALOG


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("in `currency`.", "in <code>currency</code>."),
        ("`a` and `b`", "<code>a</code> and <code>b</code>"),
        ("`<b>` & <i>", "<code>&lt;b&gt;</code> &amp; &lt;i&gt;"),
        ("one ` alone", "one ` alone"),
    ],
)
def test_names_in_backticks_are_code_and_everything_is_escaped(text, html):
    assert str(prose(text)) == html


def test_a_page_with_figures_shows_them_and_has_no_broken_link():
    status = TableStatus(1234, "2026-11-27", "rate_date", 30.0, "2026-11-27 08:00:00 UTC", 48.0)
    live = Live(
        environment="dev",
        taken_at="2026-11-28 12:00",
        tables={entry.name: status for entry in CATALOG.entries},
        runs={"fx_rates": [RunRow("fx_rates-1", "2026-11-28 08:30:00", "SUCCEEDED", 10, 8, 1, 1)]},
        reasons={"fx_rates": [("rate_in_range", 4)]},
        measured={("processed.fx_rates", "rate_in_range"): ["4"]},
        usage=Usage(
            runs={
                "processed.fx_rates": [TableRun("fx_rates-1", "2026-11-28 08:31:00", "FAIL", None, None, "No <rate>")]
            },
            exports={"processed.fx_rates": ["20261102T080000000000"]},
        ),
    )

    html = page(CATALOG, live)

    assert [*faults_of(CATALOG, {"index.html": html})] == []
    section = html.split('data-route="/table/processed.fx_rates"')[1].split("</section>")[0]
    for figure in (
        "<dd>1,234</dd>",
        "30 h old, in time",
        "fx_rates-1",
        "<code>rate_in_range</code>",
        "No &lt;rate&gt;",
        "1, last 20261102T080000000000",
    ):
        assert figure in section
    assert "lake contracts docs --live" not in section
