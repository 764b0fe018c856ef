"""Customer records of the shop and of other systems."""
