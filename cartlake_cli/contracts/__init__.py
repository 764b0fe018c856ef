"""Changes between two versions of the contracts, and what they break."""
