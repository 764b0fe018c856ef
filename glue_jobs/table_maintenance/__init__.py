"""Glue job that maintains tables: joins small files, applies deletes, expires snapshots, removes orphan files."""
