"""Visits to the shop as clickstream events."""
