"""Checks requests against the service model that AWS publishes: minimum, maximum, pattern, enum, required members.

`services` and `routes` find a request's operation, `requests` reads its members, `constraints` and `scalars` check
them, `answers` returns the service's own error. `extensions/strict_calls.py` applies this to MiniStack's services.
"""
