"""The site of the documentation: its navigation and its links. `make site` builds it, and a warning fails that."""

import importlib.util

import pytest

from tests.contract.pages import ROOT, all_pages

SPEC = importlib.util.spec_from_file_location("site_hooks", ROOT / "docs" / "site_hooks.py")
hooks = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(hooks)


def pages_of(navigation):
    for entry in navigation:
        for value in entry.values() if isinstance(entry, dict) else [entry]:
            yield from [value] if isinstance(value, str) else pages_of(value)


def test_every_page_is_in_the_navigation_once():
    found = list(pages_of(hooks.navigation(ROOT / "docs")))
    pages = {page.path.relative_to(ROOT / "docs").as_posix() for page in all_pages() if page.name.startswith("docs/")}

    assert sorted(found) == sorted({*pages, hooks.DICTIONARY})


@pytest.mark.parametrize(
    ("page", "markdown", "repository", "site"),
    [
        ("a.md", "[x](b.md#c) [y](#d) [z](https://e.org/f)", "https://r", "[x](b.md#c) [y](#d) [z](https://e.org/f)"),
        ("a.md", "[`lambdas/`](../lambdas), [b](b.md)", "https://r", "[`lambdas/`](https://r/lambdas), [b](b.md)"),
        ("runbooks/a.md", "[up](../b.md), [out](../../Makefile)", None, "[up](../b.md), out"),
        ("a.md", "[o](../o)\n```sh\n[p](../p)\n```\n[q](../q)", None, "o\n```sh\n[p](../p)\n```\nq"),
        ("a.md", "![picture](images/a.png)", None, "![picture](images/a.png)"),
    ],
    ids=["inside", "out, known", "out, unknown", "code", "picture"],
)  # fmt: skip
def test_links_out_of_the_documentation_lead_to_the_repository(page, markdown, repository, site):
    assert hooks.with_links_of_the_site(markdown, page, repository) == site
