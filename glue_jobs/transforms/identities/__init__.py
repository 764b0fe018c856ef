"""Customer records of several sources become people: which records match, who is who, and one history per person."""
