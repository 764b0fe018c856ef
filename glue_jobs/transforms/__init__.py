"""Marts as pure functions of the tables they are built from."""
