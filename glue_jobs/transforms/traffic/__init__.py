"""Where visitors came from, and which of them are robots."""
