"""Glue's API of databases, tables and partitions where MiniStack's differs from AWS's."""
