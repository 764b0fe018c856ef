"""Commands about the lake as a whole."""
