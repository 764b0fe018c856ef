"""Rules of Lambda functions that need no server: how they fail, how much they may use."""
