"""Commands that start, follow, repeat and show runs."""
