"""Which days, rows, orders and customers: what is made when."""
