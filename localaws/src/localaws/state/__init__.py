"""The state of the embedded AWS on disk: files of everything, and a log of what changed since."""
