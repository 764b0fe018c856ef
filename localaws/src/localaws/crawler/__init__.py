"""The rules of a Glue crawler: which tables it finds, and what it writes about them. Nothing here calls AWS."""
