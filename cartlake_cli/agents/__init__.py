"""What an assistant may ask of the lake, by the Model Context Protocol: tables, named queries, SQL that only reads."""
