"""Realistic, reproducible e-commerce data with known dirt: what a demo, a test or a benchmark drops into the lake."""
