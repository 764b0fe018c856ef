"""For tests with the embedded AWS: pytest fixtures that start a server, and helpers to call it.

To use the fixtures, write `pytest_plugins = ["localaws.testing.fixtures"]` in a conftest.py, or import them there.
"""
