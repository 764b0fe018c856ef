"""What the jobs have in common: arguments, checks of files, functions that contracts name, timing and reporting."""
