"""Limits of AWS that depend on more than one request."""
