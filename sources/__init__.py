"""Systems that the lake reads by itself: each has a contract, an extractor and, where it is enabled, a schedule.

An extractor writes files below `incoming/<source>/` of the raw bucket, never tables: what it brings is validated,
judged and published as any other file.
"""
