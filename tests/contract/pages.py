"""The pages of the documentation: their inline code, code blocks, links and anchors."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^ *(```+|~~~+).*?^ *\1 *$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"(`+)(?!`)(.+?)(?<!`)\1(?!`)")
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)
INDENTED = re.compile(r"^(?: {4}|\t)(.+)$", re.MULTILINE)
BLOCK = re.compile(
    r"^#{1,6} +(?P<heading>.+?) *#*$"
    r"|(?:^ *<!-- commands: (?P<note>.+?) -->\n+)?^ *```(?:sh|bash|shell|console)\n(?P<code>.*?)^ *```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Commands:
    """A block of shell commands of a page.

    `heading` is the one above it, `code` what a shell runs: of a block with prompts, the lines behind them. `note` says
    why no test runs it from the page, None where one does.
    """

    page: str
    heading: str
    code: str
    note: str | None


@dataclass(frozen=True)
class Page:
    path: Path

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @property
    def text(self) -> str:
        return self.path.read_text()

    @property
    def prose(self) -> str:
        return FENCE.sub("", self.text)

    @property
    def spans(self) -> list[str]:
        """Inline code."""
        return [span for _, span in SPAN.findall(self.prose)]

    @property
    def block_lines(self) -> list[str]:
        """Lines of fenced and of indented code, without the prompt."""
        fenced = [line for block in FENCE.finditer(self.text) for line in block.group().splitlines()[1:-1]]
        return [re.sub(r"^\s*\$ ", "", line).strip() for line in [*fenced, *INDENTED.findall(self.prose)]]

    @property
    def commands(self) -> list[Commands]:
        """Blocks of shell commands, in the order of the page."""
        blocks, heading = [], ""
        for found in BLOCK.finditer(self.text):
            if found["heading"]:
                heading = found["heading"]
                continue
            lines = dedent(found["code"]).splitlines(keepends=True)
            typed = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")] or lines
            blocks.append(Commands(self.name, heading, "".join(typed), found["note"]))
        return blocks

    @property
    def links(self) -> list[str]:
        """Targets of links, without those to other sites."""
        outside_code = SPAN.sub("", self.prose)
        return [target for target in LINK.findall(outside_code) if "://" not in target and "mailto:" not in target]

    @property
    def anchors(self) -> set[str]:
        """What links can point to, as GitHub names headings: the second of a name gets -1."""
        found: list[str] = []
        for heading in HEADING.findall(self.prose):
            slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
            found.append(slug if slug not in found else f"{slug}-{found.count(slug)}")
        return set(found)


def all_pages() -> list[Page]:
    """Every page git tracks, but for the changelog, which names files and commands of its day."""
    listed = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [Page(ROOT / name) for name in listed.splitlines() if name != "CHANGELOG.md"]
