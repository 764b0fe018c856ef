"""Events of the shop front to sessions of people, and the funnel they walk through."""
