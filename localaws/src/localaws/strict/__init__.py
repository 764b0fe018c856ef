"""Holds every request against the service model that AWS publishes: minimum, maximum, pattern, enum, required members.

`models` loads the models, `requests` finds a request's operation and reads its members, `constraints` judges them,
`answers` writes the service's own error. `extensions/strict_calls.py` puts them before MiniStack's services.
"""
