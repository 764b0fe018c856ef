"""Shared by the jobs: arguments, checks of files, functions that contracts name, timing and reporting."""
