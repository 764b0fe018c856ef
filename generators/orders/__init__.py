"""Orders and their lines: customers, products, prices, and the status of each line over time."""
