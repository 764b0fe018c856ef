"""What `make site` does to the pages of docs/ on their way to the site. mkdocs calls these functions.

- The navigation is the index, docs/README.md: its headings are the sections, its links the pages.
- The data dictionary, which `make catalog` builds from the contracts, becomes a page.
- Links that lead out of docs/ lead to the repository, or are plain text where it is not known.
"""

from __future__ import annotations

import os
import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

DICTIONARY: Final = "data-dictionary.md"
_LINK: Final = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
_SECTION: Final = re.compile(r"^## +(.+)$", re.MULTILINE)
_BLOCK: Final = re.compile(r"(^ *(```+).*?^ *\2 *$)", re.MULTILINE | re.DOTALL)


def navigation(docs: Path) -> list[dict[str, Any]]:
    """Return the navigation from docs/README.md: `[{section: [{title: page}, …]}, …]`.

    The first link of a row of a table is its page; the index of a folder is a section of its own. Rows that link
    nothing inside docs/ are left out.
    """
    sections: list[dict[str, Any]] = [{"Overview": "README.md"}]
    for heading, text in _sections((docs / "README.md").read_text()):
        if pages := [_entry(docs, title, target) for title, target in _pages(text)]:
            sections.append({heading: pages})
    sections[2]["Data"].append({"Data dictionary": DICTIONARY})
    return sections


def _sections(index: str) -> list[tuple[str, str]]:
    parts = _SECTION.split(index)
    return list(zip(parts[1::2], parts[2::2], strict=True))


def _pages(text: str) -> list[tuple[str, str]]:
    """The title and page of each row of the tables of a text."""
    rows = [line for line in text.splitlines() if line.startswith("|")]
    links = [found for row in rows if (found := _LINK.search(row))]
    return [(link[1], link[2]) for link in links if not link[2].startswith("..")]


def _entry(docs: Path, title: str, target: str) -> dict[str, Any]:
    if not target.endswith("/README.md"):
        return {title: target}
    folder = posixpath.dirname(target)
    text = (docs / target).read_text()
    pages = [{_title(docs / folder / page): f"{folder}/{page}"} for _, page in dict.fromkeys(_pages(text))]
    return {title: [target, *pages]}


def _title(page: Path) -> str:
    return page.read_text().splitlines()[0].removeprefix("# ")


def with_links_of_the_site(markdown: str, page: str, repository: str | None) -> str:
    """Return a page with its links that lead out of docs/ changed; blocks of code stay as they are.

    `page` is its path below docs/, `repository` the URL that files are appended to.
    """

    def changed(link: re.Match[str]) -> str:
        title, target = link[1], link[2]
        path = posixpath.normpath(posixpath.join("docs", posixpath.dirname(page), target))
        if "://" in target or target.startswith(("#", "mailto:")) or path.startswith("docs/"):
            return link[0]
        return f"[{title}]({repository}/{path})" if repository else title

    text, blocks = _BLOCK.split(markdown)[::3], [found[0] for found in _BLOCK.finditer(markdown)]
    return "".join(_LINK.sub(changed, part) + block for part, block in zip(text, [*blocks, ""], strict=True))


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Set the navigation, and the repository where GitHub builds the site."""
    config.nav = navigation(Path(config.docs_dir))
    if repository := os.environ.get("GITHUB_REPOSITORY"):
        config.repo_url = f"{os.environ.get('GITHUB_SERVER_URL', 'https://github.com')}/{repository}"
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the data dictionary. Raises FileNotFoundError where `make catalog` has not built it."""
    from mkdocs.structure.files import File  # noqa: PLC0415 -- tests import this module without mkdocs

    built = Path(config.config_file_path).parent / "build" / "docs" / DICTIONARY
    files.append(File.generated(config, DICTIONARY, content=built.read_text()))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, **_: Any) -> str:
    """Change the links of a page."""
    repository = f"{config.repo_url.rstrip('/')}/blob/main" if config.repo_url else None
    return with_links_of_the_site(markdown, page.file.src_uri, repository)
