"""The text of reviews, joined from sentences with commas, quotes and umlauts."""

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from generators.randomness import Bools, Ints

BAD, FAIR, GOOD = range(3)
TONE_OF_STARS: Final = np.array([BAD, BAD, BAD, FAIR, GOOD, GOOD])  # by number of stars

TITLES: Final = (
    ("Disappointed", "Not what I ordered", "Broke after a week", "Never again", "Leider enttäuschend", "Poor quality"),
    ("It is okay", "Does the job", "Average", "Fine for the price", "Ganz in Ordnung", "Could be better"),
    (
        "Very comfortable",
        "Great value",
        "Love it!",
        "Exactly as described",
        "Klare Empfehlung",
        '"Best buy" of the year',
    ),
)
OPENINGS: Final = (
    (
        "The seam came apart after three days.",
        "It arrived late, and the box was open.",
        "The colour is nothing like the picture.",
        "Zu klein, zu dünn und viel zu teuer.",
        "I expected more for this price.",
        "It smells of plastic, even after a wash.",
    ),
    (
        "It works, but it is louder than I thought.",
        "Decent quality, nothing special.",
        "The size runs small, so order one up.",
        "Für den Preis völlig in Ordnung.",
        "Good idea, average execution.",
        "My daughter likes it, I am not so sure.",
    ),
    (
        "I use it every day and it still looks new.",
        "Fits perfectly, and it feels well made.",
        "Bought it as a gift; she was thrilled.",
        "Super Qualität, schnelle Lieferung, gerne wieder.",
        'My neighbour asked "where did you get that?" twice already.',
        "Better than the one I had before, at half the price.",
    ),
)
MIDDLES: Final = (
    "",
    "",
    "Delivery took two days.",
    "The packaging could do with less plastic.",
    "I bought two of them, one for the office.",
    "Assembly took about 20 minutes.",
    "It is a bit heavier than expected (1.4 kg).",
    "Washes well at 30 degrees.",
)
CLOSINGS: Final = (
    ("I sent it back.", "Two thumbs down.", "I would not buy it again.", ""),
    ("We will see how long it lasts.", "Okay for now.", "", "Three stars from me."),
    ("Recommended!", "Would buy again.", "", "Thank you, great service."),
)
EDITS: Final = (
    "Edit: after a month I changed my mind.",
    "Update: customer service was in touch.",
    "Edit: still works.",
    "Nachtrag: inzwischen hat es sich bewährt.",
)


def titles(rating: Ints, text: Ints, wordless: Bools) -> pa.Array:
    """The title of each review, null for one in five; `text` is a random code that chooses it."""
    chosen = choose(TITLES, TONE_OF_STARS[rating], text >> 3)
    return pc.if_else(pa.array(wordless | (text % 5 == 0)), pa.scalar(None, pa.string()), chosen)


def bodies(rating: Ints, text: Ints, wordless: Bools, personal: list[str], edited: Ints) -> pa.Array:
    """The body of each review, two to five sentences.

    personal: one sentence more for some rows, empty for the others. edited: 0, or 1 + the number of an edit.
    """
    tone = TONE_OF_STARS[rating]
    sentences = (
        choose(OPENINGS, tone, text >> 7),
        pa.array(MIDDLES).take(pa.array((text >> 12) % len(MIDDLES))),
        pa.array(personal, pa.string()),
        choose(CLOSINGS, tone, text >> 17),
        pa.array(["", *EDITS]).take(pa.array(edited)),
    )
    joined = pc.binary_join_element_wise(*sentences, " ")
    tidy = pc.utf8_trim_whitespace(pc.replace_substring_regex(joined, " +", " "))
    return pc.if_else(pa.array(wordless), pa.scalar(None, pa.string()), tidy)


def choose(pools: tuple[tuple[str, ...], ...], tone: Ints, code: Ints) -> pa.Array:
    """One sentence per row, of the row's tone. The pools are of one length."""
    size = len(pools[0])
    return pa.array([sentence for pool in pools for sentence in pool]).take(pa.array(tone * size + code % size))
