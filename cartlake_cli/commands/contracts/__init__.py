"""`lake contracts …`."""
