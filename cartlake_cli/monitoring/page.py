"""What a scheduled check of the data found, as Markdown for an issue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cartlake.runs.trends import Trend

BAD_STATES = ("overdue", "unreadable")


def findings(health: Sequence[Mapping[str, Any]], trends: Sequence[Trend]) -> list[str]:
    """Return a line for each thing that needs a person; none when all is as usual."""
    late = [f"`{row['table']}` is {row['state']}: {row['reason']}" for row in health if row["state"] in BAD_STATES]
    repeated = [f"`{row['table']}` has keys that stand more than once" for row in health if row["repeated_keys"]]
    unusual = [f"`{trend.dataset}`: {trend.finding}" for trend in trends if trend.finding]
    return [*late, *repeated, *unusual]


def monitoring_page(environment: str, found: Sequence[str], trends: Sequence[Trend]) -> str:
    """Return the page. Its first line tells a script which issue it is."""
    title = (
        f"## Data of `{environment}`: {len(found)} to look at" if found else f"## Data of `{environment}` is as usual"
    )
    rows = [
        f"| {trend.dataset} | {trend.last.read:,} | {_number(trend.usual_rows)} | {trend.last.rate:.2%} "
        f"| {_share(trend.usual_rate)} |"
        for trend in trends
    ]
    head = ["| Dataset | Rows yesterday | Usual | Refused yesterday | Usual |", "| --- | ---: | ---: | ---: | ---: |"]
    advice = "`lake health`, `lake runs` and `lake quarantine list` show more." if found else ""
    lines = [
        f"<!-- cartlake-data:{environment} -->",
        title,
        "",
        *(f"- {one}" for one in found),
        *([""] if found else []),
        *head,
        *rows,
        "",
        advice,
    ]
    return "\n".join(lines).rstrip() + "\n"


def _number(value: float | None) -> str:
    return "too few days" if value is None else f"{value:,.0f}"


def _share(value: float | None) -> str:
    return "too few days" if value is None else f"{value:.2%}"
