"""Write the tables of inputs and outputs of every module into its README, below a marker. `make docs` runs it."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MARKER: Final = "<!-- Everything below is written by terraform/generate_readmes.py. -->"
MODULES: Final = Path(__file__).parent / "modules"

# terraform fmt guarantees the indentation these rely on.
BLOCK: Final = re.compile(r'^(?P<kind>variable|output) "(?P<name>\w+)" \{\n(?P<body>.*?)^\}', re.DOTALL | re.MULTILINE)
ATTRIBUTE: Final = re.compile(r"^  (?P<name>\w+)\s+= (?P<value>.*?)(?=^  \w|^\n|\Z)", re.DOTALL | re.MULTILINE)


class Block(NamedTuple):
    """A variable or an output: `attributes` are the texts right of the equal signs, on one line each."""

    kind: str
    name: str
    attributes: dict[str, str]

    @property
    def description(self) -> str:
        return self.attributes["description"].strip('"').replace('\\"', '"')

    @property
    def default(self) -> str:
        return f"`{self.attributes['default']}`" if "default" in self.attributes else "required"


def parse(text: str) -> Iterator[Block]:
    """Yield the variables and outputs of one formatted .tf file, in their order."""
    for match in BLOCK.finditer(text):
        attributes = {found["name"]: on_one_line(found["value"]) for found in ATTRIBUTE.finditer(match["body"])}
        yield Block(match["kind"], match["name"], attributes)


def on_one_line(value: str) -> str:
    """Join the lines of a value; members of an object, which stand on lines of their own, get commas."""
    joined = re.sub(r"\n +", ", ", re.sub(r" {2,}=", " =", value.strip()))
    return re.sub(r"([({\[]), ", r"\1 ", joined).replace(", }", " }").replace(", )", ")").replace(", ]", " ]")


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return "None.\n"
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(map(escape, line))} |\n" for line in lines)


def escape(cell: str) -> str:
    """Keep pipes out of the table's syntax and `<name>` out of HTML; code spans show what they hold as it is."""
    cell = cell.replace("|", "\\|")
    return cell if cell.startswith("`") else cell.replace("<", "&lt;")


def tables(module: Path) -> str:
    """Render what callers of the module need to know."""
    blocks = [block for path in sorted(module.glob("*.tf")) for block in parse(path.read_text())]
    inputs = [block for block in blocks if block.kind == "variable"]
    outputs = [block for block in blocks if block.kind == "output"]
    # What a caller must give comes first; otherwise the order of the file, which groups what belongs together.
    inputs.sort(key=lambda block: "default" in block.attributes)
    input_rows = [
        [f"`{block.name}`", block.description, f"`{block.attributes['type']}`", block.default] for block in inputs
    ]
    output_rows = [[f"`{block.name}`", block.description] for block in outputs]
    return (
        f"{MARKER}\n\n## Inputs\n\n{table(['Name', 'Description', 'Type', 'Default'], input_rows)}"
        f"\n## Outputs\n\n{table(['Name', 'Description'], output_rows)}"
    )


def readme(module: Path) -> str:
    """Return the README as it should be: the part written by hand, then the tables."""
    by_hand = (module / "README.md").read_text().split(MARKER)[0].rstrip()
    return f"{by_hand}\n\n{tables(module)}"


def stale_modules(modules: Path = MODULES) -> list[Path]:
    """Return the modules whose README is not what it should be."""
    found = sorted(path.parent for path in modules.glob("*/main.tf"))
    return [module for module in found if readme(module) != (module / "README.md").read_text()]


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail if a README is out of date")
    args = parser.parse_args(argv)
    stale = stale_modules()
    if args.check and stale:
        names = ", ".join(module.name for module in stale)
        raise SystemExit(f"README out of date: {names}. Run `make docs`.")
    for module in stale:
        (module / "README.md").write_text(readme(module))


if __name__ == "__main__":
    main()
