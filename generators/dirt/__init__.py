"""Dirty rows: kinds of faults and how they are planted."""
