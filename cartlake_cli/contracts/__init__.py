"""Changes between two versions of the contracts, and whom they break."""
