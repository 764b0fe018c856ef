"""Where columns come from and what they feed, and events for a lineage server that did not take them."""
