"""Reviews of delivered lines."""
