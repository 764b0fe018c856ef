"""The embedded AWS for laptops and tests: MiniStack, with extensions that make its answers those of AWS."""
