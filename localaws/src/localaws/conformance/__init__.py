"""Checks of what an AWS endpoint answers, each by its effect: python -m localaws.conformance --endpoint URL."""
