"""Plans of what is generated: days, rows, orders and customers."""
