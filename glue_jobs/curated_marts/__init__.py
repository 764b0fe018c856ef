"""Marts of the days a run touched."""
