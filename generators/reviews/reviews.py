"""Reviews of delivered lines: written days after delivery, some edited, some about the same product again.

The text of a review is made when it is due, from a few codes, so that thousands may wait without their text.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from generators.files.arrays import Batch, dates, hex_identifiers, identifiers, instants
from generators.files.spool import Rows, pack
from generators.orders.lifecycle import NEVER
from generators.orders.lines import ORDER_NUMBERS, order_identifiers
from generators.orders.timeline import DELIVERED_STEP, Timeline
from generators.plan.world import Chunk, WorldPlan
from generators.randomness import Floats, Ints, pick, stream
from generators.reviews.personal_data import KINDS, snippet
from generators.reviews.text import EDITS, bodies, titles
from generators.times import DAY, HOUR

SHARE_REVIEWED: Final = 0.04  # of delivered lines
SHARE_AGAIN: Final = 0.015  # of the reviews: the same customer, order and product once more
SHARE_EDITED: Final = 0.08
SHARE_UNMATCHED: Final = 0.015  # beside the others: about orders that do not exist
SHARE_PERSONAL: Final = 0.06
SHARE_WORDLESS: Final = 0.01
STARS: Final = np.array([0.06, 0.06, 0.12, 0.28, 0.48])
REVIEW_SCRAMBLER: Final = 0x7F4A7C159D | 1
LINES_OF_ORDER: Final = 1 << 5  # a line number and whether it is the second review fit in

REVIEW: Final[np.dtype[Any]] = np.dtype(
    [
        ("number", "i8"),
        ("order", "i8"),
        ("customer", "i4"),
        ("product", "i4"),
        ("purchased", "i4"),
        ("rating", "i1"),
        ("text", "u4"),
        ("personal", "i1"),
        ("edited", "i1"),
        ("matched", "i1"),
        ("reviewed", "i8"),
        ("updated", "i8"),
    ]
)


def due_reviews(rng: np.random.Generator, chunk: Chunk, timeline: Timeline, of_order: Ints) -> Rows:
    """Every version of every review of these lines, edits included; each is due on the day of `updated`."""
    lines, first_order = timeline.lines, chunk.first_order
    delivered = timeline.at[:, DELIVERED_STEP]
    reviewed = np.flatnonzero((delivered < NEVER) & (rng.random(len(lines)) < SHARE_REVIEWED))
    written = delivered[reviewed] + rng.integers(2 * DAY, 20 * DAY, len(reviewed))
    again, unmatched = (np.flatnonzero(rng.random(len(reviewed)) < share) for share in (SHARE_AGAIN, SHARE_UNMATCHED))
    sizes = [len(reviewed), len(again), len(unmatched)]
    line = np.concatenate([reviewed, reviewed[again], reviewed[unmatched]])
    second, matched = np.repeat([0, 1, 0], sizes), np.repeat([1, 1, 0], sizes)
    later = written[again] + rng.integers(HOUR, 6 * DAY, len(again))
    written = np.concatenate([written, later, written[unmatched]])
    # Orders of this world have numbers from 0 on: those below do not exist.
    order = np.where(matched, first_order + of_order[line], -1 - first_order - of_order[line])
    rows = pack(
        REVIEW,
        {
            "number": order * LINES_OF_ORDER + lines.line[line] * 2 + second,
            "order": order_identifiers(chunk.plan.anchor + order),
            "customer": lines.customer[line],
            "product": lines.product[line],
            "purchased": lines.ordered_at[line] // DAY,
            "rating": 1 + pick(rng, STARS, len(line)),
            "text": rng.integers(0, 1 << 32, len(line), dtype=np.uint32),
            "personal": personal_kinds(rng.random(len(line))),
            "edited": np.zeros(len(line), dtype=np.int64),
            "matched": matched,
            "reviewed": written,
            "updated": written,
        },
    )
    return np.concatenate([rows, edits(rng, rows)])


def personal_kinds(chance: Floats) -> Ints:
    """Which kind of personal data (or what only looks like it) a review holds, -1 for none."""
    kind = (chance / SHARE_PERSONAL * len(KINDS)).astype(np.int64)
    return np.where(chance < SHARE_PERSONAL, kind, -1)


def edits(rng: np.random.Generator, rows: Rows) -> Rows:
    """The later versions: a sentence more, and sometimes a star more or less."""
    edited = rows[rng.random(len(rows)) < SHARE_EDITED].copy()
    edited["updated"] += rng.integers(HOUR, 10 * DAY, len(edited))
    edited["rating"] = np.clip(edited["rating"] + rng.integers(-1, 2, len(edited)), 1, 5)
    edited["edited"] = 1 + rng.integers(0, len(EDITS), len(edited))
    return edited


@dataclass(frozen=True)
class Planted:
    """Personal data in a review, or what only looks like it (`decoy`)."""

    review_id: str
    kind: str
    value: str
    decoy: bool


def review_batch(plan: WorldPlan, rows: Mapping[str, npt.NDArray[Any]] | Rows) -> tuple[Batch, list[Planted]]:
    numbers = review_identifiers(plan, rows["number"])
    text = rows["text"].astype(np.int64)
    rating = rows["rating"].astype(np.int64)
    wordless = text % 1_000 < SHARE_WORDLESS * 1_000
    wordless &= rows["personal"] < 0
    planted, sentences = personal_sentences(plan, rows, numbers)
    batch: Batch = {
        "review_id": hex_identifiers("REV-", numbers, 10),
        "order_id": hex_identifiers("ORD-", rows["order"], 10),
        "customer_id": identifiers("CUS-", rows["customer"] + 1, 7),
        "product_id": identifiers("PRD-", rows["product"] + 1, 5),
        "purchased_on": dates(rows["purchased"]),
        "rating": rating,
        "title": titles(rating, text, wordless),
        "body": bodies(rating, text, wordless, sentences, rows["edited"].astype(np.int64)),
        "reviewed_at": instants(rows["reviewed"]),
        "updated_at": instants(rows["updated"]),
    }
    return batch, planted


def personal_sentences(
    plan: WorldPlan, rows: Mapping[str, npt.NDArray[Any]] | Rows, numbers: Ints
) -> tuple[list[Planted], list[str]]:
    """Return the personal data in each review as a sentence, empty for most; an edited review has the same again."""
    sentences = [""] * len(numbers)
    planted = []
    for row in np.flatnonzero(rows["personal"] >= 0).tolist():
        kind = KINDS[int(rows["personal"][row])]
        rng = stream(plan.seed, "review_text", int(numbers[row]))
        value, sentences[row] = snippet(rng, kind)
        if not rows["edited"][row]:
            planted.append(Planted(f"REV-{int(numbers[row]):010X}", kind.name, value, kind.decoy))
    return planted, sentences


def review_identifiers(plan: WorldPlan, numbers: Ints) -> Ints:
    shifted = np.ascontiguousarray(numbers) + (plan.anchor & (ORDER_NUMBERS - 1))
    return (shifted * REVIEW_SCRAMBLER) & (ORDER_NUMBERS - 1)
