"""Glue job that loads dropped files of any dataset onto an audit branch of its table, and quarantines bad rows."""
