"""The raw files as a crawler sees them: crawls, the tables it made, and where these differ from the contracts."""
