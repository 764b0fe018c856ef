"""Dropped files of any dataset to its processed table, on an Iceberg audit branch; bad rows to quarantine."""
