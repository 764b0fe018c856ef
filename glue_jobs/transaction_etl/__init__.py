"""Dropped files to `processed.transactions`, on an Iceberg audit branch; bad rows to quarantine."""
