"""`lake contracts draft`: a first contract of a dataset, guessed from a file of it."""
