"""Files: columns, formats, and rows that wait for a later file."""
