"""Operators and sensors of Airflow 3 for a Cartlake lake.

Modules other than `operators`, `sensors` and `triggers` do not import Airflow. None imports Cartlake.
"""
