"""`lake smoke`: proves that a deployed lake works, with small files whose rows are removed again."""
