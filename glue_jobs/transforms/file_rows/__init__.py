"""Rows of dropped files: typed, judged by their contract, and one per key."""
