"""Metrics of the services, and alarms that are evaluated."""
