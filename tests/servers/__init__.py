"""Servers that behave as the real ones of sources do, for tests."""
