"""Who may read what: from the classifications of the contracts."""
