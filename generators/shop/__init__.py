"""The shop that all generated data is about: markets, customers and prices."""
