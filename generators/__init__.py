"""Realistic, reproducible e-commerce files with known dirt, for demos, tests and benchmarks of the lake."""
