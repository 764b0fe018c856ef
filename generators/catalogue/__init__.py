"""Vendors and products."""
