"""Traffic of the web shop: channel attribution, and detection of robots."""
