"""Runs: their ids, the documents they read and write, and the check that no row was lost."""
