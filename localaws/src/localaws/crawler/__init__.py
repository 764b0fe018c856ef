"""What a Glue crawler finds and what it writes. Nothing here calls AWS."""
