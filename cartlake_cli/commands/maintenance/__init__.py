"""`lake health` and `lake maintain`."""
