"""Crawls of the raw files, the tables they create, and the differences of these from the contracts."""
