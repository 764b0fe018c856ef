"""Record linkage of customers: which records match, which person each belongs to, and one history per person."""
