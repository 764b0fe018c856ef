"""Products with their vendors and ratings, through time."""
