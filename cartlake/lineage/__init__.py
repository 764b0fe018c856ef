"""Lineage of runs as OpenLineage: which files and tables a run read, which it wrote, and what each column is made of.

Events are plain JSON objects: the library of OpenLineage takes a third of a second to import, which every step that
writes an event would pay. Tests hold each event against that library's classes.
"""
