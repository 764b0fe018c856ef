"""The Python files of this repository."""

from pathlib import Path

ROOT = Path(__file__).parents[2]


def python_files(folder):
    """Return the Python files below a folder of the repository, sorted by path."""
    return sorted(path for path in (ROOT / folder).rglob("*.py") if "__pycache__" not in path.parts)
