"""Order lines in the reporting currency, and the orders they make up."""
