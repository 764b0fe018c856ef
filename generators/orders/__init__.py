"""Orders and their lines: who orders what, what it costs, and what becomes of it."""
