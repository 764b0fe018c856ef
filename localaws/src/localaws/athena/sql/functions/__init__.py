"""Trino's functions, by family. A function that is in none of the tables is refused, and the error names it."""
