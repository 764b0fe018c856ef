"""CREATE, ALTER, DROP, SHOW and DESCRIBE, written to the Glue catalog."""
