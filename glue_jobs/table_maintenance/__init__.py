"""Keeps tables fast and small: joins files, drops deleted rows, expires versions, removes what belongs to nothing."""
