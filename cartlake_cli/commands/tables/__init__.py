"""`lake tables …` and the commands about the versions, exports and sources of tables."""
