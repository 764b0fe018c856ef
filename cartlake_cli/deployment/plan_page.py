"""A plan as Markdown, for a comment on a pull request."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from cartlake_cli.deployment.fixed_costs import monthly_change, resized
from cartlake_cli.deployment.plans import Action
from cartlake_cli.deployment.rights import rights_changes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cartlake_cli.deployment.plans import Change
    from cartlake_cli.deployment.rights import RightsChange

MOST_CHARACTERS: Final = 60_000
"""GitHub takes comments of 65,536 characters."""


def plan_page(environment: str, changes: Sequence[Change], contracts: Mapping[str, Any] | None = None) -> str:
    """Return the page of a plan: resources, contracts, rights, cost. Its first line tells a script which comment it is.

    `contracts` is what `lake contracts diff --json` prints; without it there is no such section.
    """
    sections = [
        [f"<!-- cartlake-plan:{environment} -->", f"## Plan for `{environment}`: {_summary(changes)}"],
        _warnings(changes),
        _resources(changes),
        [] if contracts is None else _contracts(contracts),
        _rights(rights_changes(changes)),
        _costs(changes),
    ]
    page = "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"
    if len(page) <= MOST_CHARACTERS:
        return page
    return (
        page[:MOST_CHARACTERS].rpartition("\n")[0] + "\n\nThe rest is left out: the page is too long for a comment.\n"
    )


def _summary(changes: Sequence[Change]) -> str:
    counts = Counter(change.action for change in changes)
    named = ", ".join(f"{counts[action]} to {action}" for action in Action if counts[action])
    return named or "no changes"


def _warnings(changes: Sequence[Change]) -> list[str]:
    return [
        f"> [!CAUTION]\n> `{change.address}` holds data and will be {_DONE[change.action]}."
        for change in changes
        if change.loses_data
    ]


_DONE: Final = {Action.DESTROY: "destroyed", Action.REPLACE: "destroyed and made anew"}


def _resources(changes: Sequence[Change]) -> list[str]:
    if not changes:
        return []
    rows = [f"| {change.action} | `{change.address}` | {_attributes(change)} |" for change in changes]
    return _folded(f"Resources ({len(changes)})", ["| | Resource | Attributes |", "| --- | --- | --- |", *rows])


def _contracts(contracts: Mapping[str, Any]) -> list[str]:
    rows, faults = contracts["changes"], contracts["faults"]
    title = f"### Contracts since `{contracts['since']}`"
    if not rows:
        return [title, "", "No changes."]
    head = ["| Contract | Place | Change | Breaks | Read by |", "| --- | --- | --- | --- | --- |"]
    names = ("contract", "place", "change", "breaks", "read by")
    lines = ["| " + " | ".join(_cell(row.get(name)) for name in names) + " |" for row in rows]
    return [title, "", *head, *lines, *(f"\n> [!WARNING]\n> {fault}" for fault in faults)]


def _rights(changes: Sequence[RightsChange]) -> list[str]:
    lines = []
    for change in changes:
        lines.append(f"- `{change.address}`" + (": decided by the apply" if change.undecided else ""))
        lines += [f"  - added: {_cell(right)}" for right in change.added]
        lines += [f"  - removed: {_cell(right)}" for right in change.removed]
    return _folded(f"Rights ({len(changes)} policies)", lines) if lines else ["### Rights", "", "No changes."]


def _costs(changes: Sequence[Change]) -> list[str]:
    amount = monthly_change(changes)
    fixed = "No change of the fixed cost." if not amount else f"Fixed cost: {amount:+.2f} USD a month."
    uses = [
        f"- `{each.address}`: `{each.attribute}` from `{each.before}` to `{each.after}` changes what each use costs"
        for each in resized(changes)
    ]
    return ["### Cost", "", f"{fixed} What is billed by use is in `lake cost`.", *uses]


def _folded(title: str, lines: Iterable[str]) -> list[str]:
    return [f"<details><summary>{title}</summary>", "", *lines, "", "</details>"]


def _attributes(change: Change) -> str:
    return ", ".join(f"`{name}`" for name in change.attributes) if change.action is Action.CHANGE else ""


def _cell(value: Any) -> str:
    return "" if value is None else str(value).replace("|", "\\|").replace("\n", " ")
