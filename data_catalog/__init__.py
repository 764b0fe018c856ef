"""The catalog of the lake: a dictionary, a page to browse and diagrams, made from contracts, transforms and queries.

It may import cartlake and glue_jobs; nothing imports it.
"""
