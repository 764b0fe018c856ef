"""Named queries with their parameters, and which role may read what."""
