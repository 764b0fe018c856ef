"""Reads the file of calls with Trino's answers."""

from pathlib import Path

FILE = Path(__file__).parent / "trino_functions.txt"


def read_calls():
    """Return the pairs of an expression and the text of its value, None for NULL."""
    pairs = []
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        expression, text = line.split(" => ", 1)
        pairs.append((expression, None if text == "null" and not expression.startswith("format(") else text))
    return pairs
