"""Which tables became stale, which of their rows, and in which order they are rebuilt."""
