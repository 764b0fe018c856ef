"""For tests against the embedded AWS: pytest fixtures that start a server of their own, and short ways to ask it.

Name the fixtures in a conftest: `pytest_plugins = ["localaws.testing.fixtures"]`, or import the ones wanted.
"""
