"""The commands of `lake`, by subject."""
